#include "isa/text/parse.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "isa/binary/data.h"
#include "isa/bounds.h"
#include "isa/text/body_parser.h"
#include "isa/text/suggest.h"

namespace cim::isa {

namespace {

constexpr std::int64_t highest_index = std::numeric_limits<Index>::max();
constexpr std::int64_t lowest_int32 = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t highest_offset = std::numeric_limits<std::int64_t>::max();

/// Sections in the order in which they stand.
enum class Section : std::uint8_t { Operator, Input, Output, Spill, Buffer, Counter, Weight, Param, Slice, Template, Flow };
constexpr std::array<std::string_view, 11> section_names{"operator", "input", "output", "spill",    "buffer", "counter",
                                                         "weight",   "param", "slice",  "template", "flow"};

class ProgramParser {
  public:
    ProgramParser(const std::string& text, const std::string& file) : in_(text, file) {}

    Program run() {
        header();
        while (in_.peek().kind != TokenKind::End) {
            section();
        }
        if (!data_ && (!program_.weights.empty() || !program_.params.empty())) {
            in_.fail("a program with weights or params needs a 'data' line after 'machine'");
        }
        return std::move(program_);
    }

    const std::optional<DataRef>& data() const { return data_; }

  private:
    void header() {
        in_.expect("mop");
        in_.number("the version of the program text", 1, 1);
        in_.expect("program");
        program_.name = in_.string("the program's name");
        in_.expect("machine");
        program_.machine = in_.string("the machine's name");
        Token word = in_.word("the machine's hash or the computing mode");
        if (!mode_from(word.text)) {
            program_.machine_hash = word.text;
            word = in_.word("the computing mode");
        }
        const std::optional<Mode> mode = mode_from(word.text);
        if (!mode) {
            in_.fail(word, fmt::format("{} is no computing mode; CM, XBM and WLM are", Lexer::shown(word)));
        }
        program_.mode = *mode;
        if (in_.accept("level")) {
            const Token text = in_.word("the level");
            program_.level = level_from(text.text);
            if (!program_.level) {
                in_.fail(text, fmt::format("{} is no level; none, cg, mvm and vvm are", Lexer::shown(text)));
            }
        }
        if (in_.accept("power_limit")) {
            program_.power_limit_uw = in_.number("the power limit", 1, max_power_uw);
            in_.expect("uW");
        }
        if (in_.accept("batch_limit")) {
            program_.batch_limit = in_.number("the most inputs of a run", 1, max_number);
        }
        if (in_.accept("data")) {
            DataRef ref;
            ref.name = in_.string("the name of the data file");
            ref.hash = in_.word("the hash of the data file").text;
            data_ = ref;
        }
    }

    void section() {
        const Token first = in_.peek();
        Index segment = 0;
        if (in_.accept("setup")) {
            segment = setup;
        } else if (in_.accept("segment")) {
            segment = static_cast<Index>(in_.number("the number of the segment", 0, highest_index));
        }
        const bool of_segment = in_.peek().text != first.text;
        const Token name = in_.name("a section");
        std::size_t at = 0;
        while (at < section_names.size() && section_names[at] != name.text) {
            ++at;
        }
        if (at == section_names.size() || (of_segment && name.text != "flow")) {
            const std::vector<std::string_view> known(section_names.begin(), section_names.end());
            in_.fail(name, of_segment ? "only a flow can be of the setup or of a segment"
                                      : fmt::format("unknown section '{}'{}", name.text, suggestion(name.text, known)));
        }
        const auto which = static_cast<Section>(at);
        if (which < last_) {
            in_.fail(name, fmt::format("'{}' stands before '{}' in a program", name.text, section_names[static_cast<std::size_t>(last_)]));
        }
        last_ = which;
        switch (which) {
            case Section::Operator: {
                std::string op = in_.string("the operator's name");
                program_.operators.push_back({std::move(op), in_.string("the operator's type")});
                return;
            }
            case Section::Input: tensor(program_.inputs); return;
            case Section::Output: tensor(program_.outputs); return;
            case Section::Spill: tensor(program_.spills); return;
            case Section::Buffer: buffer(); return;
            case Section::Counter: counter(); return;
            case Section::Weight: weight(); return;
            case Section::Param: param(); return;
            case Section::Slice: slice(); return;
            case Section::Template: body(); return;
            case Section::Flow: flow(first.line, segment); return;
        }
    }

    // ---- parts ----

    std::int64_t keyed(std::string_view key, std::int64_t low, std::int64_t high) {
        in_.expect(key);
        in_.expect("=");
        return in_.number(key, low, high);
    }

    std::vector<std::int64_t> shape(std::string_view what) {
        const Token word = in_.word(what);
        std::vector<std::int64_t> dims;
        std::string_view rest = word.text;
        while (true) {
            const std::size_t end = rest.find('x');
            const std::string_view digits = rest.substr(0, end);
            constexpr std::size_t most_digits = 15;
            if (digits.empty() || digits.size() > most_digits || digits.find_first_not_of("0123456789") != std::string_view::npos) {
                in_.fail(word, fmt::format("{}: {} is no row of numbers with x between", what, Lexer::shown(word)));
            }
            dims.push_back(std::stoll(std::string(digits)));
            if (end == std::string_view::npos) {
                return dims;
            }
            rest.remove_prefix(end + 1);
        }
    }

    Index core_number() {
        in_.expect("[");
        const auto core = static_cast<Index>(in_.number("core", 0, highest_index));
        in_.expect("]");
        return core;
    }

    Index place() {
        if (in_.accept("chip")) {
            return chip;
        }
        if (!in_.accept("core")) {
            in_.fail(fmt::format("expected a place, 'chip' or 'core[...]', found {}", Lexer::shown(in_.peek())));
        }
        return core_number();
    }

    /// The name of something new; all tables share one name space.
    std::string declare(std::string_view what, ArgKind kind, std::size_t index) {
        const Token name = in_.name(what);
        const auto [at, is_new] = symbols_.emplace(name.text, Arg{kind, static_cast<std::int64_t>(index)});
        if (!is_new) {
            in_.fail(name, fmt::format("the name '{}' is taken", name.text));
        }
        return at->first;
    }

    Arg symbol(const Token& name, std::string_view what) {
        const auto at = symbols_.find(std::string(name.text));
        if (at == symbols_.end() || at->second.value < 0) {
            std::vector<std::string_view> known;
            for (const auto& [text, arg] : symbols_) {
                known.push_back(text);
            }
            std::sort(known.begin(), known.end());
            in_.fail(name, fmt::format("there is no {} '{}'{}", what, name.text, suggestion(name.text, known)));
        }
        return at->second;
    }

    Index symbol_of(ArgKind kind, std::string_view what) {
        const Token name = in_.name(what);
        const Arg arg = symbol(name, what);
        if (arg.kind != kind) {
            in_.fail(name, fmt::format("'{}' is no {}", name.text, what));
        }
        return static_cast<Index>(arg.value);
    }

    // ---- sections ----

    void tensor(std::vector<Tensor>& tensors) {
        Tensor t;
        t.name = in_.string("the tensor's name");
        t.shape = shape("shape");
        in_.expect("scale");
        in_.expect("=");
        t.scale = in_.real("scale");
        t.zero = static_cast<std::int32_t>(keyed("zero", lowest_int32, highest_index));
        t.ext_offset = keyed("ext", 0, highest_offset);
        t.size = keyed("size", 0, highest_offset);
        tensors.push_back(std::move(t));
    }

    void buffer() {
        Buffer b;
        b.name = declare("the buffer's name", ArgKind::Buffer, program_.buffers.size());
        const Token space = in_.name("a memory");
        if (space.text == "l1") {
            b.core = core_number();
        } else if (space.text == "l0") {
            b.space = Space::L0;
        } else if (space.text == "ext") {
            b.space = Space::Ext;
        } else {
            in_.fail(space, fmt::format("{} is no memory; l1[core], l0 and ext are", Lexer::shown(space)));
        }
        b.offset = in_.number("offset", 0, highest_offset);
        b.size = in_.number("size", 0, highest_offset);
        if (in_.accept("segment")) {
            b.segment = static_cast<Index>(in_.number("the number of the segment", 0, highest_index));
            if (in_.accept("to")) {
                b.later = static_cast<Index>(in_.number("the number of the last segment", b.segment + std::int64_t{1}, highest_index)) -
                          b.segment;
            }
        }
        program_.buffers.push_back(std::move(b));
    }

    void counter() {
        CounterArray array;
        array.name = declare("the counters' name", ArgKind::Counter, program_.counters.size());
        in_.expect("[");
        array.size = static_cast<Index>(in_.number("number of counters", 1, max_counters));
        in_.expect("]");
        array.place = place();
        if (!in_.at("data") && !in_.at("space")) {
            in_.fail(fmt::format("expected the counters' role, 'data' or 'space', found {}", Lexer::shown(in_.peek())));
        }
        array.role = in_.take().text == "data" ? CounterRole::Data : CounterRole::Space;
        program_.counters.push_back(std::move(array));
    }

    void weight() {
        Weight w;
        w.name = declare("the weight's name", ArgKind::Weight, program_.weights.size());
        const Token at = in_.peek();
        const std::vector<std::int64_t> dims = shape("rows x columns");
        if (dims.size() != 2 || dims[0] > highest_index || dims[1] > highest_index) {
            in_.fail(at, "a weight has rows x columns");
        }
        w.rows = static_cast<Index>(dims[0]);
        w.cols = static_cast<Index>(dims[1]);
        w.bits = static_cast<Index>(keyed("bits", 1, 16));
        w.ext_offset = keyed("ext", 0, highest_offset);
        program_.weights.push_back(std::move(w));
    }

    void param() {
        Param p;
        p.name = declare("the param's name", ArgKind::Param, program_.params.size());
        constexpr std::int64_t most_channels = 1 << 20;
        const auto n = static_cast<std::size_t>(keyed("n", 0, most_channels));
        constants_ += n;
        if (constants_ > std::size_t{most_channels} * 64) {
            in_.fail("the params of this program hold too many constants");
        }
        p.bias.assign(n, 0);
        p.scale.assign(n, 0);
        p.zero = static_cast<std::int32_t>(keyed("zero", lowest_int32, highest_index));
        p.lo = static_cast<std::int32_t>(keyed("lo", lowest_int32, highest_index));
        p.hi = static_cast<std::int32_t>(keyed("hi", lowest_int32, highest_index));
        program_.params.push_back(std::move(p));
    }

    void slice() {
        Slice s;
        s.name = declare("the slice's name", ArgKind::Slice, program_.slices.size());
        if (in_.accept("param")) {
            in_.expect("=");
            s.param = symbol_of(ArgKind::Param, "param");
        }
        if (in_.accept("channel")) {
            in_.expect("=");
            s.channel = static_cast<Index>(in_.number("channel", 0, highest_index));
        }
        s.channels = static_cast<Index>(keyed("channels", 0, highest_index));
        while (in_.accept("{")) {
            SliceTile tile;
            tile.xb = static_cast<Index>(keyed("xb", 0, highest_index));
            in_.expect("weight");
            in_.expect("=");
            tile.weight = symbol_of(ArgKind::Weight, "weight");
            tile.row = static_cast<Index>(keyed("row", 0, highest_index));
            tile.col = static_cast<Index>(keyed("col", 0, highest_index));
            in_.expect("}");
            s.tiles.push_back(tile);
        }
        program_.slices.push_back(std::move(s));
    }

    void body() {
        const Token name = in_.peek();
        program_.templates.push_back(BodyParser(in_).run());
        const std::string& text = program_.templates.back().name;
        // In the common name space, but nothing that "@" could refer to: marked by a value of -1.
        if (!symbols_.emplace(text, Arg{ArgKind::Int, -1}).second) {
            in_.fail(name, fmt::format("the name '{}' is taken", text));
        }
        templates_.emplace(text, static_cast<Index>(program_.templates.size() - 1));
    }

    void flow(int line, Index segment) {
        Flow f;
        f.line = line;
        f.segment = segment;
        const Token name = in_.peek();
        f.name = in_.name("the flow's name").text;
        if (!symbols_.emplace(f.name, Arg{ArgKind::Int, -1}).second) {
            in_.fail(name, fmt::format("the name '{}' is taken", f.name));
        }
        f.place = place();
        const Token engine_name = in_.name("an engine");
        const std::optional<Engine> engine = engine_from(engine_name.text);
        if (!engine) {
            in_.fail(engine_name, fmt::format("{} is no engine; move, crossbar and alu are", Lexer::shown(engine_name)));
        }
        f.engine = *engine;
        const Token op_at = in_.peek();
        f.op = static_cast<Index>(keyed("op", 0, highest_index));
        if (f.op >= static_cast<Index>(program_.operators.size())) {
            in_.fail(op_at, fmt::format("op={}, but the program has {} operators", f.op, program_.operators.size()));
        }
        const Token template_name = in_.name("the name of a template");
        const auto at = templates_.find(std::string(template_name.text));
        if (at == templates_.end()) {
            std::vector<std::string_view> known;
            for (const Template& body : program_.templates) {
                known.push_back(body.name);
            }
            in_.fail(template_name, fmt::format("there is no template '{}'{}", template_name.text, suggestion(template_name.text, known)));
        }
        f.body = at->second;
        args(f, template_name);
        program_.flows.push_back(std::move(f));
    }

    void args(Flow& f, const Token& template_name) {
        in_.expect("(");
        while (!in_.at(")")) {
            if (in_.accept("@")) {
                f.args.push_back(symbol(in_.name("a name after '@'"), "buffer, counter, weight, param or slice"));
            } else {
                f.args.push_back(
                    {ArgKind::Int, in_.number("an argument, a number or @name", std::numeric_limits<std::int64_t>::min(), highest_offset)});
            }
            if (!in_.at(")")) {
                in_.expect(",");
            }
        }
        in_.expect(")");
        const std::size_t wanted = program_.templates[static_cast<std::size_t>(f.body)].params.size();
        if (f.args.size() != wanted) {
            in_.fail(template_name,
                     fmt::format("template '{}' takes {} arguments, here are {}", template_name.text, wanted, f.args.size()));
        }
    }

    Lexer in_;
    Program program_;
    std::optional<DataRef> data_;
    Section last_ = Section::Operator;
    std::unordered_map<std::string, Arg> symbols_;
    std::unordered_map<std::string, Index> templates_;
    std::size_t constants_ = 0;
};

}  // namespace

Program parse_text(const std::string& text, const std::string& file, const DataLoader& loader, DataRef* data) {
    ProgramParser parser(text, file);
    Program program = parser.run();
    if (parser.data()) {
        if (data != nullptr) {
            *data = *parser.data();
        }
        if (loader) {
            const std::string content = loader(*parser.data());
            const std::string hash = content_hash(content);
            if (hash != parser.data()->hash) {
                throw ProgramError(
                    fmt::format("{}: the data file '{}' is not the one that this program was written with: its hash is {}, the "
                                "program names {}",
                                file, parser.data()->name, hash, parser.data()->hash));
            }
            decode_data(content, program, parser.data()->name);
        }
    }
    return program;
}

}  // namespace cim::isa
