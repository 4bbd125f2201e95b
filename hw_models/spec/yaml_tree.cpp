#include "hw_models/spec/yaml_tree.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace cim::hw {
namespace {

constexpr std::size_t max_text_bytes = 4U << 20U;
constexpr std::size_t max_depth = 16;
constexpr std::size_t max_values = 1'000'000;

Place place_of(const YAML::Mark& mark) {
    return mark.is_null() ? Place{1, 1} : Place{mark.line + 1, mark.column + 1};
}

/// Thrown out of yaml-cpp's parser by the handler below when reading on is pointless; never leaves this file.
struct Abandon {};

class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(std::vector<YamlError>& errors) : errors_(errors) {}

    std::optional<YamlNode> take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        accept_leaf(mark, YamlNode::Kind::Null, {}, false);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        error(place_of(mark), "aliases (`*name`) are not allowed: write the value out");
        accept_leaf(mark, YamlNode::Kind::Null, {}, false, true);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        accept_leaf(mark, YamlNode::Kind::Scalar, value, tag == "!");
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::Sequence);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::Map);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Frame {
        YamlNode node;
        bool is_key = false;      ///< this collection stands where a key must stand
        bool expects_key = true;  ///< of a map: the next event is a key
        bool drop = false;        ///< the value that comes is not kept: something is wrong with its key
        std::string key;
        Place key_place;
        std::map<std::string, Place> seen;
    };

    void error(Place place, std::string message) { errors_.push_back({place, path(), std::move(message)}); }

    std::string path() const {
        std::string text;
        for (const Frame& frame : frames_) {
            if (frame.node.kind == YamlNode::Kind::Map && !frame.expects_key) {
                text += (text.empty() ? "" : ".") + frame.key;
            }
        }
        return text;
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            error(place_of(mark), "anchors (`&name`) are not allowed: write the value out where it is needed");
        }
    }

    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            error(place_of(mark), fmt::format("the tag `{}` is not allowed", tag));
        }
    }

    bool inside_key() const {
        return std::any_of(frames_.begin(), frames_.end(), [](const Frame& frame) { return frame.is_key; });
    }

    bool at_key() const { return !frames_.empty() && frames_.back().node.kind == YamlNode::Kind::Map && frames_.back().expects_key; }

    void accept_leaf(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& text, bool quoted, bool told = false) {
        if (at_key()) {
            begin_entry(place_of(mark), kind == YamlNode::Kind::Scalar ? text : "null");
            return;
        }
        YamlNode node;
        node.kind = kind;
        node.place = place_of(mark);
        node.text = text;
        node.quoted = quoted;
        node.told = told;
        attach(std::move(node));
    }

    void begin_entry(Place place, const std::string& key) {
        Frame& frame = frames_.back();
        const auto [first, fresh] = frame.seen.emplace(key, place);
        frame.key = key;
        frame.key_place = place;
        frame.expects_key = false;
        frame.drop = !fresh;
        if (!fresh) {
            error(place, fmt::format("the key is given twice, first in line {}", first->second.line));
        }
    }

    void attach(YamlNode node) {
        if (++values_ > max_values) {
            error(node.place, fmt::format("more than {} values in one file", max_values));
            throw Abandon{};
        }
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.kind == YamlNode::Kind::Sequence) {
            frame.node.items.push_back(std::move(node));
            return;
        }
        if (!frame.drop) {
            frame.node.entries.push_back({frame.key, frame.key_place, std::move(node)});
        }
        frame.expects_key = true;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (frames_.size() == max_depth) {
            error(place_of(mark), fmt::format("nested more than {} levels deep", max_depth));
            throw Abandon{};
        }
        Frame frame;
        frame.is_key = at_key();
        if (frame.is_key && !inside_key()) {
            error(place_of(mark), "a key must be a word, not a list or a mapping");
        }
        frame.node.kind = kind;
        frame.node.place = place_of(mark);
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        if (!frame.is_key) {
            attach(std::move(frame.node));
            return;
        }
        frames_.back().key.clear();
        frames_.back().drop = true;
        frames_.back().expects_key = false;
    }

    std::vector<YamlError>& errors_;
    std::vector<Frame> frames_;
    std::optional<YamlNode> root_;
    std::size_t values_ = 0;
};

/// Length of the UTF-8 sequence at `i`, or 0 if there is none or it is a control character.
std::size_t character_length(const std::string& text, std::size_t i) {
    const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
    const unsigned lead = byte(i);
    if (lead < 0x80U) {
        const bool printable = lead >= 0x20U && lead != 0x7fU;
        return printable || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
    }
    const std::size_t length = lead >= 0xf0U && lead < 0xf5U ? 4 : lead >= 0xe0U ? 3 : lead >= 0xc2U ? 2 : 0;
    if (lead >= 0xf5U) {
        return 0;
    }
    for (std::size_t k = 1; k < length; ++k) {
        if ((byte(i + k) & 0xc0U) != 0x80U) {
            return 0;
        }
    }
    return length;
}

std::optional<YamlError> find_non_text(const std::string& text) {
    Place place{1, 1};
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = character_length(text, i);
        if (length == 0) {
            return YamlError{place, "",
                             fmt::format("byte 0x{:02x} is not text: the file must be UTF-8", static_cast<unsigned char>(text[i]))};
        }
        if (text[i] == '\n') {
            ++place.line;
            place.column = 1;
        } else {
            ++place.column;
        }
        i += length;
    }
    return std::nullopt;
}

/// The place, or the end of the text if it lies beyond.
Place inside(const std::string& text, Place place) {
    const auto breaks = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    const int last = breaks + (text.empty() || text.back() == '\n' ? 0 : 1);
    return place.line > last ? Place{std::max(last, 1), 1} : place;
}

}  // namespace

std::optional<YamlNode> parse_yaml(const std::string& text, std::vector<YamlError>& errors) {
    if (text.size() > max_text_bytes) {
        errors.push_back({{1, 1}, "", fmt::format("the file has {} bytes; at most {} are read", text.size(), max_text_bytes)});
        return std::nullopt;
    }
    if (auto bad = find_non_text(text)) {
        errors.push_back(*bad);
        return std::nullopt;
    }
    TreeBuilder builder(errors);
    try {
        // yaml-cpp takes the end of the text for a closing quote. An explicit end of the document makes it say that the quote is missing.
        std::istringstream stream(text + "\n...\n");
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) {
            errors.push_back({{1, 1}, "", "the file is empty"});
            return std::nullopt;
        }
        auto root = builder.take();
        TreeBuilder rest(errors);
        if (parser.HandleNextDocument(rest)) {
            const auto second = rest.take();
            errors.push_back({second ? second->place : Place{1, 1}, "", "a second document in the file: one file describes one machine"});
        }
        if (root && root->kind == YamlNode::Kind::Null && !root->told) {
            errors.push_back({{1, 1}, "", "the file is empty"});
            return std::nullopt;
        }
        return root;
    } catch (const Abandon&) {
        return std::nullopt;
    } catch (const YAML::Exception& e) {
        const bool open_quote = e.msg == YAML::ErrorMsg::DOC_IN_SCALAR || e.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
        const std::string reason = open_quote ? "a quote is opened and not closed before here" : e.msg;
        errors.push_back({inside(text, place_of(e.mark)), "", "not valid YAML: " + reason});
        return std::nullopt;
    }
}

}  // namespace cim::hw
