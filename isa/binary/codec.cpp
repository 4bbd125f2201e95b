#include "isa/binary/codec.h"

#include "isa/binary/data.h"
#include "isa/binary/stream.h"
#include "isa/verifier/verify.h"

namespace cim::isa {

namespace {

constexpr std::string_view magic = "MOPB";
constexpr std::uint8_t version = 6;

/// Writes each part of a program; Decoder reads the same parts in the same order.
class Encoder {
  public:
    std::string run(const Program& p) {
        out_.raw(magic);
        out_.byte(version);
        out_.string(p.name);
        out_.string(p.machine);
        out_.string(p.machine_hash);
        out_.byte(static_cast<std::uint8_t>(p.mode));
        out_.byte(p.level ? static_cast<std::uint8_t>(static_cast<int>(*p.level) + 1) : std::uint8_t{0});
        put(p.power_limit_uw.value_or(0));
        put(p.batch_limit.value_or(0));
        table(p.operators);
        table(p.inputs);
        table(p.outputs);
        table(p.spills);
        table(p.buffers);
        table(p.counters);
        table(p.weights);
        table(p.params);
        table(p.slices);
        table(p.templates);
        table(p.flows);
        return out_.take();
    }

  private:
    template <typename T>
    void table(const std::vector<T>& entries) {
        out_.varint(entries.size());
        for (const T& entry : entries) {
            put(entry);
        }
    }

    void put(std::int64_t value) { out_.signed_varint(value); }
    void put(Index value) { out_.signed_varint(value); }
    void put(const std::string& text) { out_.string(text); }
    void put(const Operator& op) {
        put(op.name);
        put(op.type);
    }
    void put(const Tensor& t) {
        put(t.name);
        table(t.shape);
        out_.real(t.scale);
        put(t.zero);
        put(t.ext_offset);
        put(t.size);
    }
    void put(const Buffer& b) {
        put(b.name);
        out_.byte(static_cast<std::uint8_t>(b.space));
        put(b.core);
        put(b.offset);
        put(b.size);
        put(b.segment);
        put(b.later);
    }
    void put(const CounterArray& a) {
        put(a.name);
        put(a.size);
        put(a.place);
        out_.byte(static_cast<std::uint8_t>(a.role));
    }
    void put(const Weight& w) {
        put(w.name);
        put(w.rows);
        put(w.cols);
        put(w.bits);
        put(w.ext_offset);
        write_values(out_, w.values);
    }
    void put(const Param& p) {
        put(p.name);
        put(p.zero);
        put(p.lo);
        put(p.hi);
        write_constants(out_, p);
    }
    void put(const SliceTile& t) {
        put(t.xb);
        put(t.weight);
        put(t.row);
        put(t.col);
    }
    void put(const Slice& s) {
        put(s.name);
        put(s.param);
        put(s.channel);
        put(s.channels);
        table(s.tiles);
    }
    void put(const ExprNode& n) {
        out_.byte(static_cast<std::uint8_t>(n.op));
        put(n.value);
        put(n.lhs);
        put(n.rhs);
    }
    void put(const Stmt& s) {
        out_.byte(static_cast<std::uint8_t>(s.kind));
        out_.byte(static_cast<std::uint8_t>(s.opcode));
        out_.byte(s.signals ? 1 : 0);
        put(s.variable);
        put(s.line);
        table(s.exprs);
        table(s.body);
    }
    void put(const Template& t) {
        put(t.name);
        table(t.params);
        table(t.exprs);
        table(t.stmts);
        table(t.body);
    }
    void put(const Arg& a) {
        out_.byte(static_cast<std::uint8_t>(a.kind));
        put(a.value);
    }
    void put(const Flow& f) {
        put(f.name);
        put(f.op);
        put(f.place);
        out_.byte(static_cast<std::uint8_t>(f.engine));
        put(f.segment);
        put(f.body);
        put(f.line);
        table(f.args);
    }

    ByteWriter out_;
};

class Decoder {
  public:
    Decoder(std::string_view bytes, const std::string& name) : in_(bytes, name) {}

    Program run() {
        in_.expect(magic, "not a binary program: it does not begin with MOPB");
        if (const std::uint8_t found = in_.byte(); found != version) {
            in_.fail(fmt::format("version {} of the binary form; this program reads version {}", found, version));
        }
        Program p;
        p.name = in_.string();
        p.machine = in_.string();
        p.machine_hash = in_.string();
        p.mode = in_.one_of<Mode>(static_cast<int>(Mode::WLM) + 1);
        if (const int level = in_.one_of<int>(static_cast<int>(Level::Vvm) + 2); level > 0) {
            p.level = static_cast<Level>(level - 1);
        }
        if (const std::int64_t limit = in_.signed_varint(); limit != 0) {
            p.power_limit_uw = limit;
        }
        if (const std::int64_t limit = in_.signed_varint(); limit != 0) {
            p.batch_limit = limit;
        }
        table(p.operators);
        table(p.inputs);
        table(p.outputs);
        table(p.spills);
        table(p.buffers);
        table(p.counters);
        table(p.weights);
        table(p.params);
        table(p.slices);
        table(p.templates);
        table(p.flows);
        in_.expect_end();
        return p;
    }

  private:
    /// Entries are added one by one: a count that lies runs out of bytes before it costs memory.
    template <typename T>
    void table(std::vector<T>& entries) {
        for (std::size_t left = in_.count(); left > 0; --left) {
            entries.emplace_back();
            get(entries.back());
        }
    }

    void get(std::int64_t& value) { value = in_.signed_varint(); }
    void get(Index& value) { value = in_.int32(); }
    void get(std::string& text) { text = in_.string(); }
    void get(Operator& op) {
        get(op.name);
        get(op.type);
    }
    void get(Tensor& t) {
        get(t.name);
        table(t.shape);
        t.scale = in_.real();
        get(t.zero);
        get(t.ext_offset);
        get(t.size);
    }
    void get(Buffer& b) {
        get(b.name);
        b.space = in_.one_of<Space>(static_cast<int>(Space::Ext) + 1);
        get(b.core);
        get(b.offset);
        get(b.size);
        get(b.segment);
        get(b.later);
    }
    void get(CounterArray& a) {
        get(a.name);
        get(a.size);
        get(a.place);
        a.role = in_.one_of<CounterRole>(static_cast<int>(CounterRole::Space) + 1);
    }
    void get(Weight& w) {
        get(w.name);
        get(w.rows);
        get(w.cols);
        get(w.bits);
        get(w.ext_offset);
        read_values(in_, w.values);
    }
    void get(Param& p) {
        get(p.name);
        get(p.zero);
        get(p.lo);
        get(p.hi);
        read_constants(in_, p);
    }
    void get(SliceTile& t) {
        get(t.xb);
        get(t.weight);
        get(t.row);
        get(t.col);
    }
    void get(Slice& s) {
        get(s.name);
        get(s.param);
        get(s.channel);
        get(s.channels);
        table(s.tiles);
    }
    void get(ExprNode& n) {
        n.op = in_.one_of<ExprOp>(static_cast<int>(ExprOp::Max) + 1);
        get(n.value);
        get(n.lhs);
        get(n.rhs);
    }
    void get(Stmt& s) {
        s.kind = in_.one_of<StmtKind>(static_cast<int>(StmtKind::Parallel) + 1);
        s.opcode = in_.one_of<Opcode>(static_cast<int>(op_table().size()));
        s.signals = in_.flag();
        get(s.variable);
        get(s.line);
        table(s.exprs);
        table(s.body);
    }
    void get(Template& t) {
        get(t.name);
        table(t.params);
        table(t.exprs);
        table(t.stmts);
        table(t.body);
    }
    void get(Arg& a) {
        a.kind = in_.one_of<ArgKind>(static_cast<int>(ArgKind::Slice) + 1);
        get(a.value);
    }
    void get(Flow& f) {
        get(f.name);
        get(f.op);
        get(f.place);
        f.engine = in_.one_of<Engine>(engine_count);
        get(f.segment);
        get(f.body);
        get(f.line);
        table(f.args);
    }

    ByteReader in_;
};

}  // namespace

std::string encode_binary(const Program& program) {
    return Encoder().run(program);
}

Program decode_binary(std::string_view bytes, const std::string& name) {
    Program program = Decoder(bytes, name).run();
    const std::vector<Diagnostic> faults = verify_form(program, 1);
    if (!faults.empty()) {
        throw ProgramError(fmt::format("{}: {}", name, faults[0].message));
    }
    return program;
}

}  // namespace cim::isa
