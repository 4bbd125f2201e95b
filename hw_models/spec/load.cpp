#include "hw_models/spec/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <tuple>

#include <fmt/format.h>

#include "hw_models/spec/document.h"
#include "hw_models/spec/suggest.h"

namespace cim::hw {
namespace {

std::string joined(const std::string& section, const std::string& name) {
    return section.empty() ? name : section + "." + name;
}

/// Takes the tree apart along the table.
class Walk {
  public:
    Walk(Document& document, const YamlNode& root) : document_(document), root_(root) {}

    void run() {
        nodes_.assign(schema().size(), nullptr);
        match(root_, "");
        for (std::size_t i = 0; i < schema().size(); ++i) {
            judge_key(schema()[i], document_.entries[i], nodes_[i]);
        }
    }

  private:
    enum class Answer : std::uint8_t { Yes, No, Unknown };

    static std::size_t row_of(const std::string& path) { return static_cast<std::size_t>(find_key(path) - schema().data()); }

    /// Finds the row of the table for every key of the tree; complains about those that have none.
    void match(const YamlNode& node, const std::string& section) {
        for (const YamlEntry& item : node.entries) {
            const std::string path = joined(section, item.key);
            const Key* key = item.key.find('.') == std::string::npos ? find_key(path) : nullptr;
            if (key == nullptr) {
                const std::string meant = nearest(item.key, names_below(section));
                if (!meant.empty()) {
                    document_.entry(joined(section, meant)).misspelt = true;
                }
                document_.error(item.place, path, "is not a key" + suggestion(section, item.key, meant));
                continue;
            }
            const std::size_t row = row_of(path);
            nodes_[row] = &item.value;
            document_.entries[row].present = true;
            document_.entries[row].place = item.place;
            if (key->kind == Kind::Section) {
                match(item.value, path);
            }
        }
    }

    /// The key that was meant, else the places where a key of that very name belongs, else what there is.
    static std::string suggestion(const std::string& section, const std::string& name, const std::string& meant) {
        if (!meant.empty()) {
            return " (did you mean " + meant + "?)";
        }
        std::vector<std::string> elsewhere;
        for (const Key& key : schema()) {
            if (key.name() == name) {
                elsewhere.push_back(key.path);
            }
        }
        if (!elsewhere.empty()) {
            return " here (did you mean " + either(elsewhere) + "?)";
        }
        const std::vector<std::string> here = names_below(section);
        return section.empty() ? "; the file has " + all_of(here) : "; " + section + " has " + all_of(here);
    }

    Answer holds(const When& condition) const {
        const Entry& other = document_.entry(condition.path);
        switch (condition.test) {
            case When::Test::Given: return other.present ? Answer::Yes : Answer::No;
            case When::Test::NotGiven: return other.present ? Answer::No : Answer::Yes;
            case When::Test::Equals: break;
        }
        if (!other.has_value()) {
            return Answer::Unknown;
        }
        const auto& values = condition.values;
        return std::find(values.begin(), values.end(), other.chosen) != values.end() ? Answer::Yes : Answer::No;
    }

    /// The answer of all conditions together, and the first that says no.
    std::pair<Answer, const When*> applies(const Key& key) const {
        Answer all = Answer::Yes;
        for (const When& condition : key.when) {
            const Answer one = holds(condition);
            if (one == Answer::No) {
                return {Answer::No, &condition};
            }
            all = one == Answer::Unknown ? one : all;
        }
        return {all, nullptr};
    }

    void judge_key(const Key& key, Entry& entry, const YamlNode* node) {
        const std::string parent = key.parent();
        const Entry* around = parent.empty() ? nullptr : &document_.entry(parent);
        const auto [answer, refusal] = applies(key);
        if (answer == Answer::No) {
            entry.state = State::Unused;
            if (node != nullptr && (around == nullptr || around->state != State::Unused)) {
                document_.error(entry.place, key.path, unused(key, *refusal));
            }
            return;
        }
        if (node == nullptr) {
            judge_absent(key, entry, around, answer);
        } else if (key.kind == Kind::Section) {
            judge_section(key, entry, *node);
        } else {
            read_value(document_, key, *node, entry);
        }
    }

    std::string unused(const Key& key, const When& refusal) const {
        if (refusal.test == When::Test::NotGiven) {
            return fmt::format("cannot be given together with {}", refusal.path);
        }
        return fmt::format("is not used with {} = {}; it needs {}", refusal.path, document_.entry(refusal.path).chosen, key.only_with());
    }

    void judge_absent(const Key& key, Entry& entry, const Entry* around, Answer answer) {
        if (!key.required) {
            entry.state = key.kind == Kind::Section ? State::Unused : State::Default;
            return;
        }
        entry.state = State::Missing;
        const bool told = around != nullptr && around->state != State::Given;
        if (answer != Answer::Yes || told || entry.misspelt || has_alternative(key)) {
            return;
        }
        document_.error(around == nullptr ? root_.place : around->place, key.path, missing(key));
    }

    /// A key that is not needed because the section in its place is asked for (`cost_matrix`, `cost`).
    static bool has_alternative(const Key& key) {
        return std::any_of(schema().begin(), schema().end(), [&](const Key& other) {
            return other.kind == Kind::Section && std::any_of(other.when.begin(), other.when.end(), [&](const When& condition) {
                       return condition.test == When::Test::NotGiven && condition.path == key.path;
                   });
        });
    }

    static std::string missing(const Key& key) {
        std::string text = key.kind == Kind::Section ? "this section is missing; it has " + all_of(names_below(key.path)) : "is missing";
        for (const When& condition : key.when) {
            if (condition.test == When::Test::NotGiven) {
                text += "; or give " + condition.path;
            }
        }
        switch (key.kind) {
            case Kind::Choice: text += "; choose " + either(key.choices); break;
            case Kind::Quantity:
                text += fmt::format("; give {} in {}{}", phrase(key.dimension), either(unit_names(key.dimension, false)),
                                    key.may_be_ideal ? ", or say `ideal`" : "");
                break;
            default: break;
        }
        return text + " (" + key.doc + ")";
    }

    void judge_section(const Key& key, Entry& entry, const YamlNode& node) {
        if (node.kind == YamlNode::Kind::Map) {
            entry.state = State::Given;
            return;
        }
        entry.state = State::Invalid;
        if (node.told) {
            return;
        }
        document_.error(node.kind == YamlNode::Kind::Null ? entry.place : node.place, key.path,
                        "must be a section with the keys " + all_of(names_below(key.path)));
    }

    Document& document_;
    const YamlNode& root_;
    std::vector<const YamlNode*> nodes_;
};

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
    std::stable_sort(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); });
}

LoadResult result_of(Document&& document) {
    return {std::move(document.machine), std::move(document.diagnostics)};
}

}  // namespace

std::string Diagnostic::text() const {
    std::string result = file;
    if (line > 0) {
        result += fmt::format(":{}:{}", line, column);
    }
    return result + ": " + (path.empty() ? "" : path + ": ") + message;
}

Entry& Document::entry(const std::string& path) {
    return entries.at(static_cast<std::size_t>(find_key(path) - schema().data()));
}

const Entry& Document::entry(const std::string& path) const {
    return entries.at(static_cast<std::size_t>(find_key(path) - schema().data()));
}

void Document::error(Place place, const std::string& path, const std::string& message) {
    diagnostics.push_back({file, place.line, place.column, path, message});
}

std::optional<std::int64_t> Document::clock_hz(ClockDomain domain) const {
    const auto get = [&](const char* path, const Clock& clock) -> std::optional<std::int64_t> {
        return has(path) ? std::optional(static_cast<std::int64_t>(clock.hertz)) : std::nullopt;
    };
    switch (domain) {
        case ClockDomain::Chip: return get("clocks.chip", machine.chip_clock);
        case ClockDomain::Core: return get("clocks.core", machine.core_clock);
        case ClockDomain::Crossbar: return get("clocks.crossbar", machine.crossbar_clock);
        case ClockDomain::None: break;
    }
    return std::nullopt;
}

Document judge(const std::string& text, const std::string& name) {
    Document document;
    document.file = name;
    document.entries.resize(schema().size());
    std::vector<YamlError> errors;
    const auto root = parse_yaml(text, errors);
    for (const YamlError& error : errors) {
        document.error(error.place, error.path, error.message);
    }
    if (root && root->kind != YamlNode::Kind::Map) {
        document.error(root->place, "", "a hardware file is a mapping of keys to values");
    } else if (root) {
        Walk(document, *root).run();
        check_consistency(document);
    }
    sort_by_place(document.diagnostics);
    if (document.diagnostics.empty()) {
        resolve(document);
    }
    return document;
}

Document judge_file(const std::string& path) {
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (!stream || !(text << stream.rdbuf())) {
        Document document;
        document.file = path;
        document.entries.resize(schema().size());
        document.error({}, "", stream && errno == 0 ? "the file is empty" : fmt::format("cannot be read: {}", std::strerror(errno)));
        return document;
    }
    return judge(text.str(), path);
}

LoadResult load_machine(const std::string& path) {
    return result_of(judge_file(path));
}

LoadResult load_machine_text(const std::string& text, const std::string& name) {
    return result_of(judge(text, name));
}

}  // namespace cim::hw
