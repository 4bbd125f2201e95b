// Importer, constant folding and float executor against the vectors that ONNX itself publishes (Debian: libonnx-testdata).

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/constant_folding.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/frontend/onnx_reader.h"
#include "compiler/io/tensor_file.h"
#include "compiler/reference/float_executor.h"
#include "tests/compiler/onnx_files.h"

namespace fs = std::filesystem;
using namespace cim::compiler;
using namespace cim::test;

namespace {

const fs::path data_folder = "/usr/share/libonnx-testdata/data";

onnx::ModelProto load_model(const fs::path& path) {
    onnx::ModelProto model;
    std::ifstream stream(path, std::ios::binary);
    model.ParseFromIstream(&stream);
    // These are the same operators since opset 1, and their tests say so.
    static const std::set<std::string> unchanged{"GlobalAveragePool", "GlobalMaxPool", "Softplus", "Softsign"};
    if (model.graph().node_size() == 1 && unchanged.count(model.graph().node(0).op_type()) != 0) {
        model.mutable_opset_import(0)->set_version(oldest_opset);
    }
    return model;
}

/// All inputs of a node test are inputs of its model; here only the first `keep` are, the others become initializers.
void bind_constants(onnx::ModelProto& model, const fs::path& vectors, int keep, std::vector<FloatTensor>& inputs) {
    auto& graph = *model.mutable_graph();
    std::set<std::string> given;
    for (const auto& tensor : graph.initializer()) {
        given.insert(tensor.name());
    }
    int index = 0;
    for (const auto& input : graph.input()) {
        if (given.count(input.name()) != 0) {
            continue;
        }
        const fs::path file = vectors / ("input_" + std::to_string(index) + ".pb");
        if (index < keep) {
            inputs.push_back(read_tensor(file));
        } else {
            std::ifstream stream(file, std::ios::binary);
            auto* tensor = graph.add_initializer();
            tensor->ParseFromIstream(&stream);
            tensor->set_name(input.name());
        }
        ++index;
    }
}

/// How many inputs of the model are computed tensors; the others are constants of its one node.
int computed_inputs(const onnx::ModelProto& model) {
    static const std::set<std::string> all{"Add", "Concat", "Mul", "Sub", "Sum"};
    const bool one_node = model.graph().node_size() == 1 && model.graph().initializer_size() == 0;
    return one_node && all.count(model.graph().node(0).op_type()) != 0 ? model.graph().node(0).input_size() : 1;
}

std::string difference(const FloatTensor& got, const FloatTensor& expected) {
    if (got.shape != expected.shape) {
        return "shape " + to_string(got.shape) + " instead of " + to_string(expected.shape);
    }
    for (std::size_t i = 0; i < got.data.size(); ++i) {
        if (!(std::fabs(got.data[i] - expected.data[i]) <= 1e-6F + 1e-4F * std::fabs(expected.data[i]))) {
            return "element " + std::to_string(i) + ": " + std::to_string(got.data[i]) + " instead of " + std::to_string(expected.data[i]);
        }
    }
    return "";
}

/// "" if the test in that folder passes, else why not.
std::string run_test(const fs::path& test) {
    const TemporaryFolder folder;
    const fs::path file = folder / "model.onnx";
    const fs::path vectors = test / "test_data_set_0";
    onnx::ModelProto model = load_model(test / "model.onnx");
    std::vector<FloatTensor> inputs;
    try {
        bind_constants(model, vectors, computed_inputs(model), inputs);
        std::ofstream(file, std::ios::binary) << model.SerializeAsString();
        const Graph graph = import_onnx(file);
        const std::vector<FloatTensor> outputs = FloatExecutor(graph).run(inputs);
        for (std::size_t o = 0; o < outputs.size(); ++o) {
            const std::string wrong = difference(outputs[o], read_tensor(vectors / ("output_" + std::to_string(o) + ".pb")));
            if (!wrong.empty()) {
                return wrong;
            }
        }
    } catch (const InputError& error) {
        return std::string("rejected: ") + error.what();
    }
    return "";
}

/// The same for a test of one node, all of whose inputs are constants.
std::string run_folding_test(const fs::path& test) {
    const TemporaryFolder folder;
    const fs::path file = folder / "model.onnx";
    const fs::path vectors = test / "test_data_set_0";
    onnx::ModelProto model = load_model(test / "model.onnx");
    std::vector<FloatTensor> none;
    try {
        bind_constants(model, vectors, 0, none);
        std::ofstream(file, std::ios::binary) << model.SerializeAsString();
        const RawModel raw = read_onnx(file, {model.graph().node(0).op_type()});
        std::vector<const Constant*> inputs;
        for (const std::string& name : raw.nodes[0].inputs) {
            inputs.push_back(&raw.constants.at(name));
        }
        const NodeView node(raw, raw.nodes[0]);
        const Constant result = node.type() == "Shape" ? shape_constant(node, inputs[0]->shape) : fold_constants(node, inputs, 1 << 20U);
        FloatTensor got{result.shape, {}};
        std::visit([&](const auto& data) { got.data.assign(data.begin(), data.end()); }, result.data);
        return difference(got, read_tensor(vectors / "output_0.pb"));
    } catch (const InputError& error) {
        return std::string("rejected: ") + error.what();
    }
}

/// Words of a text.
std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

bool have_data() {
    if (!fs::exists(data_folder)) {
        WARN("not run: ONNX's test vectors are not installed (Debian package libonnx-testdata)");
        return false;
    }
    return true;
}

}  // namespace

TEST_CASE("every supported operator gives ONNX's own results", "[compiler][onnx]") {
    if (!have_data()) {
        return;
    }
    const std::vector<std::pair<std::string, std::string>> groups{
        {"node",
         "abs add atan atan_example averagepool_2d_ceil averagepool_2d_default averagepool_2d_pads "
         "averagepool_2d_pads_count_include_pad averagepool_2d_precomputed_pads "
         "averagepool_2d_precomputed_pads_count_include_pad averagepool_2d_precomputed_same_upper "
         "averagepool_2d_precomputed_strides averagepool_2d_same_lower averagepool_2d_same_upper "
         "averagepool_2d_strides basic_conv_with_padding basic_conv_without_padding batchnorm_epsilon "
         "batchnorm_example ceil ceil_example celu clip clip_default_inbounds clip_default_max clip_default_min "
         "clip_example clip_inbounds clip_outbounds clip_splitbounds concat_1d_axis_0 concat_1d_axis_negative_1 "
         "concat_2d_axis_0 concat_2d_axis_1 concat_2d_axis_negative_1 concat_2d_axis_negative_2 concat_3d_axis_0 "
         "concat_3d_axis_1 concat_3d_axis_2 concat_3d_axis_negative_1 concat_3d_axis_negative_2 "
         "concat_3d_axis_negative_3 conv_with_autopad_same conv_with_strides_and_asymmetric_padding "
         "conv_with_strides_no_padding conv_with_strides_padding cos cos_example elu elu_default elu_example erf exp "
         "exp_example flatten_axis0 flatten_axis1 flatten_axis2 flatten_axis3 flatten_default_axis "
         "flatten_negative_axis1 flatten_negative_axis2 flatten_negative_axis3 flatten_negative_axis4 floor "
         "floor_example gemm_alpha gemm_beta gemm_default_no_bias gemm_default_scalar_bias "
         "gemm_default_single_elem_vector_bias gemm_default_vector_bias gemm_default_zero_bias gemm_transposeB "
         "globalaveragepool globalaveragepool_precomputed globalmaxpool globalmaxpool_precomputed hardsigmoid hardsigmoid_default "
         "hardsigmoid_example "
         "hardswish leakyrelu leakyrelu_default leakyrelu_example log log_example matmul_2d maxpool_2d_ceil "
         "maxpool_2d_default maxpool_2d_dilations maxpool_2d_pads maxpool_2d_precomputed_pads "
         "maxpool_2d_precomputed_same_upper maxpool_2d_precomputed_strides maxpool_2d_same_lower maxpool_2d_same_upper "
         "maxpool_2d_strides mul mul_example neg neg_example pow_bcast_scalar reciprocal reciprocal_example relu "
         "reshape_extended_dims reshape_negative_dim reshape_negative_extended_dims reshape_one_dim "
         "reshape_reduced_dims reshape_reordered_all_dims reshape_reordered_last_dims reshape_zero_and_negative_dim "
         "reshape_zero_dim round selu selu_default selu_example sigmoid sigmoid_example sign sin sin_example "
         "softmax_axis_0 softmax_axis_1 softmax_axis_2 softmax_default_axis softmax_example softmax_large_number "
         "softmax_negative_axis softplus softplus_example softsign softsign_example sqrt sqrt_example squeeze "
         "squeeze_negative_axes sub sub_example sum_example sum_two_inputs tanh tanh_example thresholdedrelu "
         "thresholdedrelu_default thresholdedrelu_example transpose_all_permutations_1 transpose_all_permutations_2 "
         "transpose_all_permutations_3 transpose_all_permutations_4 transpose_all_permutations_5 transpose_default "
         "unsqueeze_axis_0 unsqueeze_axis_1 unsqueeze_axis_2 unsqueeze_axis_3 unsqueeze_negative_axes "
         "unsqueeze_three_axes unsqueeze_two_axes unsqueeze_unsorted_axes"},
        {"simple", "single_relu_model"},
        {"pytorch-operator",
         "operator_clip operator_concat2 operator_conv operator_exp operator_flatten operator_mm "
         "operator_selu operator_view"},
        {"pytorch-converted",
         "AvgPool2d AvgPool2d_stride BatchNorm1d_3d_input_eval BatchNorm2d_eval BatchNorm2d_momentum_eval "
         "BatchNorm3d_eval BatchNorm3d_momentum_eval Conv2d Conv2d_depthwise Conv2d_depthwise_padded "
         "Conv2d_depthwise_strided Conv2d_depthwise_with_multiplier Conv2d_dilated Conv2d_groups Conv2d_groups_thnn "
         "Conv2d_no_bias Conv2d_padding Conv2d_strided ELU LeakyReLU LeakyReLU_with_negval Linear Linear_no_bias "
         "MaxPool2d MaxPool2d_stride_padding_dilation PReLU_1d PReLU_1d_multiparam PReLU_2d PReLU_2d_multiparam "
         "PReLU_3d PReLU_3d_multiparam ReLU SELU Sigmoid Softmax Softplus Tanh ZeroPad2d "
         "softmax_functional_dim3 softmax_lastdim"},
    };
    for (const auto& [group, names] : groups) {
        for (const std::string& name : words(names)) {
            INFO(group << " " << name);
            CHECK(run_test(data_folder / group / ("test_" + name)) == "");
        }
    }
}

TEST_CASE("constant folding gives ONNX's own results", "[compiler][onnx]") {
    if (!have_data()) {
        return;
    }
    const std::string names =
        "add add_bcast cast_DOUBLE_to_FLOAT cast_FLOAT16_to_FLOAT cast_FLOAT_to_DOUBLE "
        "concat_1d_axis_0 concat_1d_axis_negative_1 concat_2d_axis_0 concat_2d_axis_1 concat_2d_axis_negative_1 "
        "concat_2d_axis_negative_2 concat_3d_axis_0 concat_3d_axis_1 concat_3d_axis_2 concat_3d_axis_negative_1 "
        "concat_3d_axis_negative_2 concat_3d_axis_negative_3 constant constantofshape_float_ones "
        "constantofshape_int_shape_zero constantofshape_int_zeros div div_bcast div_example flatten_axis0 flatten_axis1 "
        "flatten_axis2 flatten_axis3 flatten_default_axis flatten_negative_axis1 flatten_negative_axis2 "
        "flatten_negative_axis3 flatten_negative_axis4 gather_0 gather_1 gather_2d_indices gather_negative_indices "
        "identity mul mul_bcast mul_example reshape_allowzero_reordered reshape_extended_dims reshape_negative_dim "
        "reshape_negative_extended_dims reshape_one_dim reshape_reduced_dims reshape_reordered_all_dims "
        "reshape_reordered_last_dims reshape_zero_and_negative_dim reshape_zero_dim shape shape_clip_end shape_clip_start "
        "shape_end_1 shape_end_negative_1 shape_example shape_start_1 shape_start_1_end_2 shape_start_1_end_negative_1 "
        "shape_start_negative_1 slice slice_default_axes slice_default_steps slice_end_out_of_bounds slice_neg "
        "slice_neg_steps slice_negative_axes slice_start_out_of_bounds squeeze squeeze_negative_axes sub sub_bcast "
        "sub_example transpose_all_permutations_0 transpose_all_permutations_1 transpose_all_permutations_2 "
        "transpose_all_permutations_3 transpose_all_permutations_4 transpose_all_permutations_5 transpose_default "
        "unsqueeze_axis_0 unsqueeze_axis_1 unsqueeze_axis_2 unsqueeze_axis_3 unsqueeze_negative_axes unsqueeze_three_axes "
        "unsqueeze_two_axes unsqueeze_unsorted_axes";
    for (const std::string& name : words(names)) {
        INFO(name);
        CHECK(run_folding_test(data_folder / "node" / ("test_" + name)) == "");
    }
}
