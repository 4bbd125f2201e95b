#include "compiler/quantization/ranges.h"

#include <fstream>
#include <limits>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/quantization/params.h"
#include "tests/compiler/onnx_files.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;
using Catch::Matchers::Contains;

namespace {

/// y = relu(x), x a vector.
Graph relu_network(std::int64_t n) {
    const TemporaryFolder folder;
    ModelBuilder m;
    m.input("x", {1, n}).output("y").node("Relu", {"x"}, {"y"});
    return import_onnx(m.write(folder / "m.onnx"));
}

}  // namespace

TEST_CASE("min-max ranges are the smallest and largest values of all samples", "[compiler][quantization]") {
    const Ranges ranges = calibrate(relu_network(3), {{{1, 3}, {-1, 2, 0}}, {{1, 3}, {-5, 1, 1}}}, CalibrationMethod::MinMax);
    CHECK(ranges.samples == 2);
    CHECK(ranges.tensors.at("x").lo == -5.0F);
    CHECK(ranges.tensors.at("x").hi == 2.0F);
    CHECK(ranges.tensors.at("y").lo == 0.0F);
    CHECK(ranges.tensors.at("y").hi == 2.0F);
}

TEST_CASE("mean-square ranges lose less than min-max ranges", "[compiler][quantization]") {
    FloatTensor x = noise({1, 20000});
    x.data[7] = 40.0F;  // one outlier
    const Graph graph = relu_network(20000);
    const auto loss = [&](CalibrationMethod method) {
        const QuantParams params = choose_params(calibrate(graph, {x}, method).tensors.at("x"));
        double sum = 0;
        for (const float v : x.data) {
            const double d = static_cast<double>(v) - real_value(stored_value(v, params), params);
            sum += d * d;
        }
        return sum;
    };
    CHECK(loss(CalibrationMethod::MeanSquare) < loss(CalibrationMethod::MinMax));
}

TEST_CASE("means are of the channels that matrices read", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 2, 1, 2}).output("y").weights("w", {3, 2, 1, 1}).weights("v", {1, 3});
    m.node("Conv", {"x", "w"}, {"c"});
    m.node("Relu", {"c"}, {"r"});
    m.node("GlobalAveragePool", {"r"}, {"p"});
    m.node("Flatten", {"p"}, {"f"});
    set_integer(m.node("Gemm", {"f", "v"}, {"y"}), "transB", 1);
    const Ranges ranges = calibrate(imported(m), {{{1, 2, 1, 2}, {1, 2, 3, 4}}, {{1, 2, 1, 2}, {5, 6, 7, 8}}}, CalibrationMethod::MinMax);
    std::vector<std::string> names;
    for (const auto& [name, means] : ranges.means) {
        names.push_back(name);
    }
    CHECK(names == std::vector<std::string>{"f", "p", "r", "x"});
    CHECK(ranges.means.at("x") == std::vector<float>{3.5F, 5.5F});
}

TEST_CASE("calibration without usable samples", "[compiler][quantization]") {
    const Graph graph = relu_network(2);
    CHECK_THROWS_WITH(calibrate(graph, {}, CalibrationMethod::MinMax), Contains("calibration needs at least one input"));
    CHECK_THROWS_WITH(calibrate(graph, {{{1, 3}, {1, 2, 3}}}, CalibrationMethod::MinMax),
                      Contains("input 'x' has the shape 1x2, a tensor of shape 1x3 is given"));
    CHECK_THROWS_WITH(calibrate(graph, {{{1, 2}, {1, std::numeric_limits<float>::quiet_NaN()}}}, CalibrationMethod::MinMax),
                      Contains("tensor 'x' takes a value that is not finite with calibration input 0"));
}

TEST_CASE("zero is exact in every range", "[compiler][quantization]") {
    for (const Range range :
         {Range{-1, 1}, Range{0.5F, 3}, Range{-3, -0.5F}, Range{0, 0}, Range{-0.001F, 1000}, Range{-1e30F, 1e30F}, Range{0, 1e-35F}}) {
        const QuantParams params = choose_params(range);
        CHECK(params.scale > 0);
        CHECK(params.zero >= 0);
        CHECK(params.zero <= 255);
        CHECK(stored_value(0.0F, params) == params.zero);
        CHECK(real_value(static_cast<std::uint8_t>(params.zero), params) == 0.0F);
    }
    const QuantParams params = choose_params({-1, 3});
    CHECK(stored_value(-1.0F, params) == 0);
    CHECK(stored_value(3.0F, params) == 255);
    CHECK(stored_value(std::numeric_limits<float>::infinity(), params) == 255);
    CHECK(stored_value(-std::numeric_limits<float>::infinity(), params) == 0);
}

TEST_CASE("a RANGES file gives back what was written", "[compiler][quantization]") {
    const TemporaryFolder folder;
    Ranges ranges;
    ranges.method = CalibrationMethod::MeanSquare;
    ranges.network = "net \"1\"";
    ranges.samples = 64;
    ranges.tensors = {{"a", {-0.1F, 1.0F / 3.0F}}, {"b/c:0", {0, 1e-20F}}};
    ranges.means = {{"a", {0.1F, -1.0F / 3.0F}}};
    write_ranges(folder / "r.json", ranges);
    const Ranges back = read_ranges(folder / "r.json");
    CHECK(back.method == ranges.method);
    CHECK(back.network == ranges.network);
    CHECK(back.samples == 64);
    REQUIRE(back.tensors.size() == 2);
    CHECK(back.tensors.at("a").hi == 1.0F / 3.0F);
    CHECK(back.tensors.at("b/c:0").hi == 1e-20F);
    CHECK(back.means == ranges.means);
}

TEST_CASE("a RANGES file is read strictly", "[compiler][quantization]") {
    const TemporaryFolder folder;
    const auto message = [&](const std::string& text) {
        std::ofstream(folder / "r.json") << text;
        try {
            read_ranges(folder / "r.json");
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    const auto file = [](const std::string& tensors, const std::string& more = "") {
        return R"({"schema_version": 1, "network": "n", "method": "min-max", "samples": 1, "tensors": )" + tensors + more + "}";
    };
    CHECK(message(file(R"({"x": {"min": -1, "max": 1.5}})")).empty());
    CHECK_THAT(message("{"), Contains("r.json: not a JSON file, or cut off"));
    CHECK_THAT(message("[1]"), Contains("the file must be an object"));
    CHECK_THAT(message("{}"), Contains("the file lacks the key 'schema_version'"));
    CHECK_THAT(message(file("{}", R"(, "extra": 1)")), Contains("the file has the unknown key 'extra'"));
    CHECK_THAT(message(file("[]")), Contains("tensors must be an object"));
    CHECK_THAT(message(file(R"({"x": 3})")), Contains("tensors['x'] must be an object"));
    CHECK_THAT(message(file(R"({"x": {"min": 0}})")), Contains("tensors['x'] lacks the key 'max'"));
    CHECK_THAT(message(file(R"({"x": {"min": 0, "max": 1, "mean": 0}})")), Contains("tensors['x'] has the unknown key 'mean'"));
    CHECK_THAT(message(file(R"({"x": {"min": 0, "max": 1, "means": 0}})")), Contains("tensors['x'].means must be a list"));
    CHECK_THAT(message(file(R"({"x": {"min": 0, "max": 1, "means": [0, "a"]}})")),
               Contains("tensors['x'].means[1] must be a finite number"));
    CHECK_THAT(message(file(R"({"x": {"min": 0, "max": "1"}})")), Contains("tensors['x'].max must be a finite number"));
    CHECK_THAT(message(file(R"({"x": {"min": 0, "max": 1e300}})")), Contains("tensors['x'].max must be a finite number"));
    CHECK_THAT(message(file(R"({"x": {"min": 2, "max": 1}})")), Contains("tensors['x']: min is above max"));
    CHECK_THAT(message(R"({"schema_version": 2, "network": "n", "method": "min-max", "samples": 1, "tensors": {}})"),
               Contains("schema_version must be 1"));
    CHECK_THAT(message(R"({"schema_version": 1, "network": "n", "method": "best", "samples": 1, "tensors": {}})"),
               Contains("method must be"));
    CHECK_THAT(message(R"({"schema_version": 1, "network": "n", "method": "min-max", "samples": -1, "tensors": {}})"),
               Contains("samples must be a whole number"));
    CHECK_THROWS_WITH(read_ranges(folder / "none"), Contains("none: no such file"));
}
