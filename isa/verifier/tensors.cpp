#include "isa/verifier/tensors.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "isa/bounds.h"
#include "isa/verifier/overlap.h"

namespace cim::isa {

std::vector<Buffer> buffers_of_run(const Program& program, std::int64_t batch) {
    std::vector<Buffer> buffers = program.buffers;
    std::vector<Buffer> external;
    std::copy_if(buffers.begin(), buffers.end(), std::back_inserter(external), [](const Buffer& b) { return b.space == Space::Ext; });
    const auto declared = [&](const Tensor& tensor) {
        return std::any_of(external.begin(), external.end(),
                           [&](const Buffer& b) { return b.offset <= tensor.ext_offset && tensor.ext_offset < b.offset + b.size; });
    };
    for (const auto* tensors : {&program.inputs, &program.outputs, &program.spills}) {
        for (const Tensor& tensor : *tensors) {
            if (!declared(tensor)) {
                buffers.push_back({tensor.name, Space::Ext, chip, tensor.ext_offset, tensor.size * batch});
            }
        }
    }
    return buffers;
}

bool check_tensors(const Program& program, const Limits& limits, std::int64_t batch, Findings& findings) {
    for (const auto* tensors : {&program.inputs, &program.outputs, &program.spills}) {
        for (const Tensor& tensor : *tensors) {
            const std::int64_t most = std::min(max_address, limits.ext.value_or(max_address));
            if (tensor.size < 0 || tensor.ext_offset < 0 || tensor.ext_offset > most || tensor.size > (most - tensor.ext_offset) / batch) {
                findings.add("memory",
                             fmt::format("{} image{} of '{}', {} bytes each from {} on, do not fit an external memory of {} bytes", batch,
                                         batch == 1 ? "" : "s", tensor.name, tensor.size, tensor.ext_offset, most));
            }
        }
    }
    if (!findings.empty()) {
        return false;
    }
    const std::vector<Buffer> buffers = buffers_of_run(program, batch);
    std::vector<const Buffer*> external;
    for (const Buffer& buffer : buffers) {
        if (buffer.space == Space::Ext) {
            external.push_back(&buffer);
        }
    }
    for_each_overlap(std::move(external), [&](const Buffer& a, const Buffer& b) {
        findings.add("overlap",
                     fmt::format("with {} image{}, '{}' (bytes {} to {}) and '{}' (bytes {} to {}) overlap in external memory", batch,
                                 batch == 1 ? "" : "s", a.name, a.offset, a.offset + a.size, b.name, b.offset, b.offset + b.size));
    });
    return findings.empty();
}

}  // namespace cim::isa
