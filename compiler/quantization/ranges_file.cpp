#include <cmath>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "compiler/error.h"
#include "compiler/io/file.h"
#include "compiler/quantization/ranges.h"

namespace cim::compiler {
namespace {

using Json = nlohmann::json;
constexpr int schema_version = 1;

class RangesReader {
  public:
    explicit RangesReader(const std::filesystem::path& path) : path_(path) {}

    Ranges read() const {
        Json root;
        try {
            root = Json::parse(read_file(path_, std::uintmax_t{64} << 20U));
        } catch (const Json::exception&) {
            fail("not a JSON file, or cut off");
        }
        check_keys(root, "the file", {"schema_version", "network", "method", "samples", "tensors"});
        if (root["schema_version"] != schema_version) {
            fail("schema_version must be " + std::to_string(schema_version));
        }
        Ranges ranges;
        if (!root["network"].is_string()) {
            fail("network must be a string");
        }
        ranges.network = root["network"].get<std::string>();
        if (root["method"] == to_string(CalibrationMethod::MeanSquare)) {
            ranges.method = CalibrationMethod::MeanSquare;
        } else if (root["method"] != to_string(CalibrationMethod::MinMax)) {
            fail("method must be \"min-max\" or \"mean-square\"");
        }
        if (!root["samples"].is_number_unsigned()) {
            fail("samples must be a whole number");
        }
        ranges.samples = root["samples"].get<std::int64_t>();
        if (!root["tensors"].is_object()) {
            fail("tensors must be an object");
        }
        for (const auto& [name, entry] : root["tensors"].items()) {
            const std::string place = "tensors['" + name + "']";
            check_keys(entry, place, {"min", "max"}, "means");
            const Range range{number(entry["min"], place + ".min"), number(entry["max"], place + ".max")};
            if (range.lo > range.hi) {
                fail(place + ": min is above max");
            }
            ranges.tensors.emplace(name, range);
            if (entry.contains("means")) {
                ranges.means.emplace(name, numbers(entry["means"], place + ".means"));
            }
        }
        return ranges;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const { throw InputError(path_.string() + ": " + what); }

    float number(const Json& value, const std::string& place) const {
        const float v = value.is_number() ? value.get<float>() : NAN;
        if (!std::isfinite(v)) {
            fail(place + " must be a finite number");
        }
        return v;
    }

    std::vector<float> numbers(const Json& list, const std::string& place) const {
        if (!list.is_array()) {
            fail(place + " must be a list");
        }
        std::vector<float> values;
        for (const Json& value : list) {
            values.push_back(number(value, place + "[" + std::to_string(values.size()) + "]"));
        }
        return values;
    }

    void check_keys(const Json& object, const std::string& place, std::initializer_list<const char*> keys,
                    const char* optional = "") const {
        if (!object.is_object()) {
            fail(place + " must be an object");
        }
        for (const char* key : keys) {
            if (!object.contains(key)) {
                fail(place + " lacks the key '" + key + "'");
            }
        }
        for (const auto& [key, value] : object.items()) {
            bool known = key == optional;
            for (const char* expected : keys) {
                known = known || key == expected;
            }
            if (!known) {
                fail(place + " has the unknown key '" + key + "'");
            }
        }
    }

    std::filesystem::path path_;
};

}  // namespace

void write_ranges(const std::filesystem::path& path, const Ranges& ranges) {
    // A name that is not UTF-8 cannot be JSON; it is replaced, and then not found again, instead of ending the program.
    const auto text = [](const nlohmann::ordered_json& value) {
        return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    };
    std::string file = "{\n  \"schema_version\": " + std::to_string(schema_version) + ",\n  \"network\": " + text(ranges.network) +
                       ",\n  \"method\": " + text(to_string(ranges.method)) + ",\n  \"samples\": " + std::to_string(ranges.samples) +
                       ",\n  \"tensors\": {";
    const char* separator = "\n";
    for (const auto& [name, range] : ranges.tensors) {
        nlohmann::ordered_json entry{{"min", range.lo}, {"max", range.hi}};
        const auto means = ranges.means.find(name);
        if (means != ranges.means.end()) {
            entry["means"] = means->second;
        }
        file += separator + ("    " + text(name)) + ": " + text(entry);
        separator = ",\n";
    }
    write_file_atomically(path, file + "\n  }\n}\n");
}

Ranges read_ranges(const std::filesystem::path& path) {
    return RangesReader(path).read();
}

}  // namespace cim::compiler
