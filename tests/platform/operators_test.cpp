// What each meta-operator computes, byte by byte, against a plain rendering of its row in docs/isa.md.

#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "isa/text/parse.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t size = 1024;

/// 1024 bytes of input pass through L1 of core 0, or L0, where the operator works on them, and out again.
const std::string frame = R"(mop 1
program "one operator"
machine "tiny" WLM
data "d" 0
operator "op" "Test"
input "in" 1x1024 scale=1 zero=0 ext=0 size=1024
output "out" 1x1024 scale=1 zero=0 ext=1024 size=1024
buffer l0 l0 0 1024
buffer l1 l1[0] 0 1024
buffer ext ext 0 4096
counter got[1] core[0] data
counter loaded[1] core[0] data
counter did[1] core[0] data
counter stored[1] chip data
weight w 8x3 bits=8 ext=2048
weight v 4x3 bits=8 ext=2176
weight u 8x2 bits=16 ext=2304
param q n=16 zero=11 lo=5 hi=240
param sum n=3 zero=7 lo=2 hi=250
param table n=256 zero=0 lo=0 hi=255
param soft n=2 zero=3 lo=0 hi=255
param wide n=16 zero=120 lo=5 hi=240
param mean n=1 zero=30 lo=4 hi=251
param product n=2 zero=90 lo=1 hi=254
param slope n=1 zero=100 lo=3 hi=249
slice s param=q channels=3 { xb=0 weight=w row=0 col=0 } { xb=2 weight=v row=8 col=0 }
slice r param=q channel=2 channels=3 { xb=0 weight=w row=0 col=0 } { xb=2 weight=v row=8 col=0 }
slice t channels=3 { xb=0 weight=w row=0 col=0 } { xb=2 weight=v row=8 col=0 }
)";

std::string program_text(const std::string& engine, const std::string& op, bool async) {
    return frame + fmt::format(R"(template fetch(got) {{
  mov.fetch dst=0 src=0 n=1024
  signal got[0] += 1
}}
template load(got, loaded) {{
  await got[0] >= 1
  mov.load dst=0 src=0 n=1024
  signal loaded[0] += 1
}}
template work(loaded, did, q, sum, table, soft, wide, mean, product, slope, s, r, t) {{
  await loaded[0] >= 1
  {0}{1}
}}
template store(did, stored) {{
  await did[0] >= 1
  mov.store dst=0 src=0 n=1024
  signal stored[0] += 1
}}
template flush(stored) {{
  await stored[0] >= 1
  mov.flush dst=1024 src=0 n=1024
}}
template write(w, v, u) {{
  cim.write_xb xb=0 weight=w
  cim.write_row xb=1 row=0 rows=3 weight=w
  cim.write_row xb=1 row=3 rows=5 weight=w
  cim.write_xb xb=2 weight=v
  cim.write_xb xb=3 weight=u
}}
flow fetch.f chip move op=0 fetch(@got)
flow load.f core[0] move op=0 load(@got, @loaded)
flow work.f core[0] {2} op=0 work(@loaded, @did, @q, @sum, @table, @soft, @wide, @mean, @product, @slope, @s, @r, @t)
flow store.f core[0] move op=0 store(@did, @stored)
flow flush.f chip move op=0 flush(@stored)
setup flow write.f core[0] crossbar op=0 write(@w, @v, @u)
)",
                               op, async ? " => did[0] += 1" : "\n  signal did[0] += 1", engine);
}

isa::Program program_with(const std::string& engine, const std::string& op) {
    isa::Program program = isa::parse_text(program_text(engine, op, engine == "crossbar"), "one.mop");
    std::mt19937_64 dice(3);
    for (isa::Weight& weight : program.weights) {
        for (int i = 0; i < weight.rows * weight.cols; ++i) {
            const int half = 1 << (weight.bits - 1);
            weight.values.push_back(static_cast<std::int16_t>(static_cast<int>(dice() % static_cast<std::uint64_t>(2 * half)) - half));
        }
    }
    for (std::size_t i = 0; i < 16; ++i) {
        program.params[0].bias[i] = static_cast<std::int32_t>(dice() % 2000) - 1000;
        program.params[0].scale[i] = 0.0004F * static_cast<float>(1 + i);
        program.params[0].negative_scale.push_back(-0.0001F * static_cast<float>(1 + i));
        program.params[4].bias[i] = static_cast<std::int32_t>(dice() % 2'000'000);
        program.params[4].scale[i] = 1e-8F * static_cast<float>(1 + i);
        program.params[4].negative_scale.push_back(-0.6e-8F * static_cast<float>(1 + i));
    }
    program.params[1].scale = {0.5F, 0.25F, 0.75F};
    program.params[1].bias = {9, -4, 0};
    for (std::size_t i = 0; i < 256; ++i) {
        program.params[2].bias[i] = static_cast<std::int32_t>(dice() % 256);
    }
    program.params[3].scale = {0.03F, 1.0F / 256};
    program.params[5].bias = {133};
    program.params[5].scale = {1.7F};
    program.params[6].bias = {77, 140};
    program.params[6].scale = {0.013F};
    program.params[7].bias = {120};
    program.params[7].scale.clear();
    for (std::size_t i = 0; i < 16; ++i) {
        program.params[7].scale.push_back(0.1F * static_cast<float>(1 + i));
        program.params[7].negative_scale.push_back(0.3F - 0.11F * static_cast<float>(i));
    }
    return program;
}

Bytes some_bytes() {
    std::mt19937_64 dice(11);
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(dice() % 256);
    }
    return bytes;
}

/// Runs the operator and compares all of L1 with what `expected` makes of it.
void check(const std::string& engine, const std::string& op, const std::function<void(Bytes&, const isa::Program&)>& expected) {
    INFO(op);
    const isa::Program program = program_with(engine, op);
    const hw::Machine machine = machine_of("tiny");
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), 1)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    Bytes memory = some_bytes();
    const Outcome outcome = run(program, machine, {}, {memory});
    CHECK(outcome.deadlock.empty());
    expected(memory, program);
    std::string wrong;
    for (std::size_t i = 0; i < size; ++i) {
        if (outcome.outputs.at(0)[i] != memory[i]) {
            wrong += fmt::format("\nbyte {} is {} and should be {}", i, outcome.outputs.at(0)[i], memory[i]);
        }
    }
    CHECK(wrong == "");
}

std::int32_t word(const Bytes& memory, std::size_t at) {
    std::int32_t value = 0;
    std::memcpy(&value, memory.data() + at, 4);
    return value;
}

void put(Bytes& memory, std::size_t at, std::int64_t value) {
    const auto low = static_cast<std::uint32_t>(value);
    std::memcpy(memory.data() + at, &low, 4);
}

struct Shape {
    std::int64_t src = 0, ring = 1, pitch = 0, y = 0, x = 0, taps = 1, tap = 0, step = 0, dy = 1, from = 0, n = 0;
};

/// ADR-0001, "Windows", byte by byte.
Bytes window(const Bytes& memory, Shape w) {
    w.tap = w.tap == 0 ? w.from + w.n : w.tap;
    w.step = w.step == 0 ? w.tap : w.step;
    Bytes bytes;
    for (std::int64_t i = w.from; i < w.from + w.n; ++i) {
        const std::int64_t row = (w.y + i / (w.taps * w.tap) * w.dy) % w.ring;
        bytes.push_back(memory[static_cast<std::size_t>(w.src + row * w.pitch + w.x + i / w.tap % w.taps * w.step + i % w.tap)]);
    }
    return bytes;
}

std::uint8_t stored(float real, const isa::Param& p) {
    const double rounded = std::nearbyint(static_cast<double>(real)) + p.zero;
    return static_cast<std::uint8_t>(std::min<double>(p.hi, std::max<double>(p.lo, rounded)));
}

std::uint8_t requantised(std::int64_t sum, const isa::Param& p, std::size_t channel) {
    const std::int32_t biased = static_cast<std::int32_t>(sum) + p.bias[channel];
    const bool other = biased < 0 && !p.negative_scale.empty();
    return stored(static_cast<float>(biased) * (other ? p.negative_scale : p.scale)[channel], p);
}

/// Sum over rows of input x weight of one column; rows from `row` on.
std::int64_t product(const std::vector<int>& input, const isa::Weight& weight, int row, int col) {
    std::int64_t sum = 0;
    for (std::size_t r = 0; r < input.size(); ++r) {
        sum += static_cast<std::int64_t>(input[r]) *
               weight.values[(static_cast<std::size_t>(row) + r) * static_cast<std::size_t>(weight.cols) + static_cast<std::size_t>(col)];
    }
    return sum;
}

std::vector<int> as_inputs(const Bytes& bytes, int bits) {
    std::vector<int> inputs;
    for (std::size_t i = 0; i<bytes.size(); i += bits> 8 ? 2 : 1) {
        inputs.push_back(bits > 8 ? bytes[i] + 256 * bytes[i + 1] : bytes[i]);
    }
    return inputs;
}

}  // namespace

TEST_CASE("alu.fill, alu.clip, alu.lut") {
    check("alu", "alu.fill dst=10 n=20 value=7", [](Bytes& m, const isa::Program&) { std::fill_n(m.begin() + 10, 20, 7); });
    check("alu", "alu.clip dst=300 src=100 n=50 lo=40 hi=200", [](Bytes& m, const isa::Program&) {
        for (std::size_t i = 0; i < 50; ++i) {
            m[300 + i] = std::min<std::uint8_t>(200, std::max<std::uint8_t>(40, m[100 + i]));
        }
    });
    check("alu", "alu.lut dst=0 src=0 n=300 param=table", [](Bytes& m, const isa::Program& p) {
        for (std::size_t i = 0; i < 300; ++i) {
            m[i] = static_cast<std::uint8_t>(p.params[2].bias[m[i]]);
        }
    });
}

TEST_CASE("alu.sum and alu.shift_add wrap around at 32 bits") {
    check("alu", "alu.sum dst=512 src=0 n=8 count=3 pitch=40", [](Bytes& m, const isa::Program&) {
        for (std::size_t i = 0; i < 8; ++i) {
            put(m, 512 + 4 * i, std::int64_t{word(m, 4 * i)} + word(m, 40 + 4 * i) + word(m, 80 + 4 * i));
        }
    });
    check("alu", "alu.shift_add dst=512 src=4 n=5 count=3 pitch=20 shift=3", [](Bytes& m, const isa::Program&) {
        for (std::size_t i = 0; i < 5; ++i) {
            put(m, 512 + 4 * i,
                std::int64_t{word(m, 4 + 4 * i)} + std::int64_t{word(m, 24 + 4 * i)} * 8 + std::int64_t{word(m, 44 + 4 * i)} * 64);
        }
    });
}

TEST_CASE("alu.requant has channels of its own, alu.add and alu.softmax scales") {
    check("alu", "alu.requant dst=700 src=20 n=9 param=wide channel=4", [](Bytes& m, const isa::Program& p) {
        for (std::size_t i = 0; i < 9; ++i) {
            m[700 + i] = requantised(word(m, 20 + 4 * i), p.params[4], 4 + i);
        }
    });
    check("alu", "alu.add dst=700 a=0 b=300 n=200 param=sum", [](Bytes& m, const isa::Program&) {
        for (std::size_t i = 0; i < 200; ++i) {
            const double real = 0.5 * (m[i] - 9) + 0.25 * (m[300 + i] + 4);
            m[700 + i] = static_cast<std::uint8_t>(std::min(250.0, std::max(2.0, std::nearbyint(real / 0.75) + 7)));
        }
    });
    check("alu", "alu.softmax dst=700 src=40 n=10 param=soft", [](Bytes& m, const isa::Program&) {
        double total = 0;
        for (std::size_t i = 0; i < 10; ++i) {
            total += std::exp(0.03 * m[40 + i]);
        }
        for (std::size_t i = 0; i < 10; ++i) {
            m[700 + i] = static_cast<std::uint8_t>(std::min(255.0, std::nearbyint(std::exp(0.03 * m[40 + i]) / total * 256) + 3));
        }
    });
}

TEST_CASE("alu.max takes the maximum of a channel over the taps of a window") {
    check("alu", "alu.max src=8 ring=3 pitch=64 y=2 x=5 taps=2 tap=4 step=9 n=24 dst=900", [](Bytes& m, const isa::Program&) {
        const Bytes taps = window(m, {8, 3, 64, 2, 5, 2, 4, 9, 1, 0, 24});
        for (std::size_t c = 0; c < 4; ++c) {
            m[900 + c] = 0;
            for (std::size_t i = c; i < 24; i += 4) {
                m[900 + c] = std::max(m[900 + c], taps[i]);
            }
        }
    });
    // A window that begins within a pixel: its bytes still belong to their channels.
    check("alu", "alu.max src=0 ring=4 pitch=50 taps=3 tap=4 from=6 n=16 dst=900", [](Bytes& m, const isa::Program&) {
        const Bytes taps = window(m, {0, 4, 50, 0, 0, 3, 4, 0, 1, 6, 16});
        std::fill_n(m.begin() + 900, 4, 0);
        for (std::size_t i = 0; i < 16; ++i) {
            std::uint8_t& channel = m[900 + (6 + i) % 4];
            channel = std::max(channel, taps[i]);
        }
    });
}

TEST_CASE("alu.average divides by its rows and columns, not by the taps of its window") {
    check("alu", "alu.average src=8 ring=3 pitch=64 y=2 x=5 taps=2 tap=4 step=9 n=24 dst=900 param=mean rows=2 cols=3",
          [](Bytes& m, const isa::Program& p) {
              const Bytes taps = window(m, {8, 3, 64, 2, 5, 2, 4, 9, 1, 0, 24});
              for (std::size_t c = 0; c < 4; ++c) {
                  int sum = 0;
                  for (std::size_t i = c; i < 24; i += 4) {
                      sum += taps[i] - 133;
                  }
                  m[900 + c] = stored(static_cast<float>(sum) * (1.7F / 6.0F), p.params[5]);
              }
          });
    // A window that begins within a pixel, at the border of a map: nine taps, of which four lie in it.
    check("alu", "alu.average src=0 ring=4 pitch=50 taps=3 tap=4 from=6 n=16 dst=900 param=mean rows=3 cols=3",
          [](Bytes& m, const isa::Program& p) {
              const Bytes taps = window(m, {0, 4, 50, 0, 0, 3, 4, 0, 1, 6, 16});
              int sums[4] = {};
              for (int i = 0; i < 16; ++i) {
                  sums[(6 + i) % 4] += taps[static_cast<std::size_t>(i)] - 133;
              }
              for (std::size_t c = 0; c < 4; ++c) {
                  m[900 + c] = stored(static_cast<float>(sums[c]) * (1.7F / 9.0F), p.params[5]);
              }
          });
}

TEST_CASE("alu.total adds up channels, to what is there if told so") {
    for (const bool add : {false, true}) {
        check("alu", std::string("alu.total src=8 ring=3 pitch=64 y=2 x=5 taps=2 tap=4 step=9 n=24 dst=700") + (add ? " add=1" : ""),
              [add](Bytes& m, const isa::Program&) {
                  const Bytes taps = window(m, {8, 3, 64, 2, 5, 2, 4, 9, 1, 0, 24});
                  for (std::size_t c = 0; c < 4; ++c) {
                      std::int32_t before = 0;
                      std::memcpy(&before, &m[700 + 4 * c], 4);
                      auto sum = static_cast<std::uint32_t>(add ? before : 0);
                      for (std::size_t i = c; i < 24; i += 4) {
                          sum += taps[i];
                      }
                      std::memcpy(&m[700 + 4 * c], &sum, 4);
                  }
              });
    }
}

TEST_CASE("alu.mul multiplies, alu.prelu has a slope on each side of zero") {
    check("alu", "alu.mul dst=700 a=0 b=300 n=200 param=product", [](Bytes& m, const isa::Program& p) {
        for (std::size_t i = 0; i < 200; ++i) {
            m[700 + i] = stored(static_cast<float>((m[i] - 77) * (m[300 + i] - 140)) * 0.013F, p.params[6]);
        }
    });
    check("alu", "alu.prelu dst=700 src=40 n=13 param=slope channel=3", [](Bytes& m, const isa::Program& p) {
        for (std::size_t i = 0; i < 13; ++i) {
            const int x = m[40 + i] - 120;
            m[700 + i] = stored(static_cast<float>(x) * (x < 0 ? p.params[7].negative_scale : p.params[7].scale)[3 + i], p.params[7]);
        }
    });
}

TEST_CASE("mov.copy and mov.load gather windows") {
    check("move", "mov.copy dst=800 src=2 ring=5 pitch=32 y=3 x=1 taps=3 tap=4 step=6 dy=2 from=5 n=25", [](Bytes& m, const isa::Program&) {
        const Bytes bytes = window(m, {2, 5, 32, 3, 1, 3, 4, 6, 2, 5, 25});
        std::copy(bytes.begin(), bytes.end(), m.begin() + 800);
    });
    check("move", "mov.load dst=100 src=2 ring=5 pitch=32 y=9 x=1 taps=3 tap=4 step=6 dy=2 from=7 n=21", [](Bytes& m, const isa::Program&) {
        const Bytes bytes = window(m, {2, 5, 32, 9, 1, 3, 4, 6, 2, 7, 21});  // L0 still holds what L1 does
        std::copy(bytes.begin(), bytes.end(), m.begin() + 100);
    });
    check("move", "mov.send core=0 dst=500 src=100 n=60",
          [](Bytes& m, const isa::Program&) { std::copy_n(m.begin() + 100, 60, m.begin() + 500); });
}

TEST_CASE("cim.read_xb multiplies a window with a tile, 16-bit operands too") {
    check("crossbar", "cim.read_xb xb=0 src=0 ring=3 pitch=20 y=1 taps=2 tap=2 step=5 n=8 dst=512 cols=3",
          [](Bytes& m, const isa::Program& p) {
              const Bytes in = window(m, {0, 3, 20, 1, 0, 2, 2, 5, 1, 0, 8});
              for (int c = 0; c < 3; ++c) {
                  put(m, static_cast<std::size_t>(512 + 4 * c), product(as_inputs(in, 8), p.weights[0], 0, c));
              }
          });
    check("crossbar", "cim.read_xb xb=1 src=30 n=8 dst=512 cols=2", [](Bytes& m, const isa::Program& p) {
        const Bytes in = window(m, {30, 1, 0, 0, 0, 1, 0, 0, 1, 0, 8});
        for (int c = 0; c < 2; ++c) {
            put(m, static_cast<std::size_t>(512 + 4 * c), product(as_inputs(in, 8), p.weights[0], 0, c));
        }
    });
    check("crossbar", "cim.read_xb xb=3 src=30 n=16 bits=16 dst=512 cols=2", [](Bytes& m, const isa::Program& p) {
        const Bytes in = window(m, {30, 1, 0, 0, 0, 1, 0, 0, 1, 0, 16});
        for (int c = 0; c < 2; ++c) {
            put(m, static_cast<std::size_t>(512 + 4 * c), product(as_inputs(in, 16), p.weights[2], 0, c));
        }
    });
}

TEST_CASE("cim.read_row activates some rows and adds to the sums that are there") {
    for (const bool add : {false, true}) {
        check("crossbar", fmt::format("cim.read_row xb=1 row=2 src=30 n=4 dst=512 cols=3{}", add ? " add=1" : ""),
              [add](Bytes& m, const isa::Program& p) {
                  const Bytes in = window(m, {30, 1, 0, 0, 0, 1, 0, 0, 1, 0, 4});
                  for (int c = 0; c < 3; ++c) {
                      const auto at = static_cast<std::size_t>(512 + 4 * c);
                      put(m, at, (add ? word(m, at) : 0) + product(as_inputs(in, 8), p.weights[0], 2, c));
                  }
              });
    }
}

TEST_CASE("cim.read_core of a slice without param gives its sums") {
    check("crossbar", "cim.read_core slice=t src=0 n=12 count=2 stride=3 dst=600 dst_pitch=16", [](Bytes& m, const isa::Program& p) {
        for (std::int64_t position = 0; position < 2; ++position) {
            const std::vector<int> in = as_inputs(window(m, {0, 1, 0, 0, 3 * position, 1, 0, 0, 1, 0, 12}), 8);
            for (int c = 0; c < 3; ++c) {
                put(m, static_cast<std::size_t>(600 + 16 * position + 4 * c),
                    product({in.begin(), in.begin() + 8}, p.weights[0], 0, c) + product({in.begin() + 8, in.end()}, p.weights[1], 0, c));
            }
        }
    });
}

TEST_CASE("cim.read_core adds its tiles and requantises, position after position") {
    for (const int channel : {0, 2}) {
        check("crossbar",
              fmt::format("cim.read_core slice={} src=0 ring=2 pitch=40 y=1 taps=2 tap=3 n=12 count=5 stride=3 dst=600 dst_pitch=7",
                          channel > 0 ? "r" : "s"),
              [channel](Bytes& m, const isa::Program& p) {
                  for (std::int64_t position = 0; position < 5; ++position) {
                      const std::vector<int> in = as_inputs(window(m, {0, 2, 40, 1, 3 * position, 2, 3, 0, 1, 0, 12}), 8);
                      for (int c = 0; c < 3; ++c) {
                          const std::int64_t sum = product({in.begin(), in.begin() + 8}, p.weights[0], 0, c) +
                                                   product({in.begin() + 8, in.end()}, p.weights[1], 0, c);
                          m[static_cast<std::size_t>(600 + 7 * position + c)] =
                              requantised(sum, p.params[0], static_cast<std::size_t>(channel + c));
                      }
                  }
              });
    }
}
