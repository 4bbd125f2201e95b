#pragma once
// A small program that passes the verifier, for tests that spoil it.

#include <string>

#include "isa/text/parse.h"
#include "isa/verifier/verify.h"

namespace cim::isa::test {

inline const std::string base_text = R"(mop 1
program "base"
machine "m" WLM
data "d" 0
operator "op" "Conv"
input "image" 1x1x8x8 scale=0.5 zero=0 ext=64 size=64
buffer in l1[0] 0 64
buffer sums l1[0] 64 64
buffer out l1[0] 128 32
buffer far l1[1] 0 64
buffer fm l0 0 128
buffer tiles ext 0 64
buffer image ext 64 64
counter ready[2] core[0] data
counter done[1] core[0] data
counter room[1] core[0] space
weight w 8x4 bits=8 ext=0
weight w2 8x4 bits=8 ext=32
param q n=4 zero=0 lo=0 hi=255
slice s param=q channels=4 { xb=0 weight=w row=0 col=0 }
template fill(buf, c) {
  for i in 0..4 {
    alu.fill dst=buf + i*16 n=16
    signal c[0] += 1
  }
}
template read(in, sums, c, done) {
  await c[0] >= 4
  cim.read_xb xb=0 src=in n=8 dst=sums cols=4 => done[0] += 1
}
template requant(sums, out, done, q) {
  await done[0] >= 1
  alu.requant dst=out src=sums n=4 param=q
}
template write(w) {
  cim.write_xb xb=0 weight=w
}
flow fill.f core[0] alu op=0 fill(@in, @ready)
flow read.f core[0] crossbar op=0 read(@in, @sums, @ready, @done)
flow requant.f core[0] alu op=0 requant(@sums, @out, @done, @q)
setup flow write.f core[0] crossbar op=0 write(@w)
)";

inline Limits base_limits() {
    Limits limits;
    limits.cores = 2;
    limits.crossbars_per_core = 2;
    limits.rows = 16;
    limits.cols = 32;
    limits.parallel_row = 4;
    limits.l1 = 256;
    limits.l0 = 128;
    limits.ext = 4096;
    return limits;
}

/// The text with the first `from` replaced by `to`.
inline std::string edited(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) {
        throw std::logic_error("the base program has no '" + from + "'");
    }
    return text.replace(at, from.size(), to);
}

/// Parses, and puts ones for weights and params.
inline Program parsed(const std::string& text) {
    Program program = parse_text(text, "test.mop");
    for (Weight& weight : program.weights) {
        weight.values.assign(static_cast<std::size_t>(weight.rows) * static_cast<std::size_t>(weight.cols), 1);
    }
    for (Param& param : program.params) {
        param.scale.assign(param.bias.size(), 1.0F);
    }
    return program;
}

}  // namespace cim::isa::test
