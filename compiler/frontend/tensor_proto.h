#pragma once
// Decodes ONNX's TensorProto. Only files that deal in Protobuf include this.

#include <string>

#include <onnx/onnx_pb.h>

#include "compiler/frontend/raw_model.h"

namespace cim::compiler {

/// Raw and typed data of all float and integer types. `where` begins the message of the InputError that is thrown if the number of
/// elements and the data do not agree, the type is another one, or the data are outside the file.
Constant decode_tensor(const onnx::TensorProto& tensor, const std::string& where);

}  // namespace cim::compiler
