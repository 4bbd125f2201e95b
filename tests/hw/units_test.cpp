// Numbers with units: exact where they are whole, rounded up where they are times.

#include "hw_models/spec/units.h"

#include <limits>

#include <catch2/catch.hpp>

using namespace cim::hw;

namespace {

constexpr std::int64_t gigahertz = 1'000'000'000;

std::int64_t whole(Dimension dimension, const std::string& text, std::int64_t clock = gigahertz) {
    const Reading reading = read_quantity(dimension, text, clock);
    INFO(text << ": " << reading.error);
    REQUIRE(reading.error.empty());
    return reading.whole;
}

double real(Dimension dimension, const std::string& text) {
    const Reading reading = read_quantity(dimension, text, std::nullopt);
    INFO(text << ": " << reading.error);
    REQUIRE(reading.error.empty());
    return reading.real;
}

std::string refusal(Dimension dimension, const std::string& text, std::int64_t clock = gigahertz) {
    return read_quantity(dimension, text, clock).error;
}

}  // namespace

TEST_CASE("Whole quantities are exact", "[hw]") {
    CHECK(whole(Dimension::Frequency, "1.2 GHz") == 1'200'000'000);
    CHECK(whole(Dimension::Frequency, "0.1 GHz") == 100'000'000);
    CHECK(whole(Dimension::Frequency, "999999999 Hz") == 999'999'999);
    CHECK(whole(Dimension::Size, "96 KiB") == 98'304);
    CHECK(whole(Dimension::Size, "1.5 KiB") == 1536);
    CHECK(whole(Dimension::Size, "16 bit") == 2);
    CHECK(whole(Dimension::Size, "64 kB") == 64'000);
    CHECK(whole(Dimension::Size, "2 GiB") == std::int64_t{2} << 30);
    CHECK(whole(Dimension::Width, "8 byte") == 64);
    CHECK(whole(Dimension::Bandwidth, "48 byte/cycle") == 384);
    CHECK(whole(Dimension::OperationRate, "1024 ops/cycle") == 1024);
    CHECK(whole(Dimension::Writes, "1e12 writes") == 1'000'000'000'000);
    CHECK(whole(Dimension::Writes, "9.007199254740993e15 write") == 9'007'199'254'740'993);  // a double would lose the last digit
    CHECK(whole(Dimension::Time, "7cycle") == 7);
    CHECK(refusal(Dimension::Size, "12 bit") == "`12 bit` is not a whole number of bytes");
    CHECK(refusal(Dimension::Writes, "1e30 write") == "`1e30 write` is too large");
    CHECK(refusal(Dimension::Writes, "1e-30 write") == "`1e-30 write` is not a whole number of writes");
}

TEST_CASE("Times in seconds are rounded up to cycles of the clock", "[hw]") {
    CHECK(whole(Dimension::Time, "100 ns") == 100);
    CHECK(whole(Dimension::Time, "100 ns", 1'200'000'000) == 120);
    CHECK(whole(Dimension::Time, "100.1 ns") == 101);
    CHECK(whole(Dimension::Time, "1 ps") == 1);
    CHECK(whole(Dimension::Time, "0 ps") == 0);
    CHECK(whole(Dimension::Time, "1 us", 333'333'333) == 334);
    CHECK(whole(Dimension::Time, "3 ns", 333'333'333) == 1);
    CHECK(whole(Dimension::Time, "1e-30 ps") == 1);
    CHECK(whole(Dimension::Time, "2.5 cycle") == 3);
}

TEST_CASE("Rates a second must be whole bits a cycle", "[hw]") {
    CHECK(whole(Dimension::Bandwidth, "16 GB/s") == 128);
    CHECK(whole(Dimension::Bandwidth, "19.2 GB/s", 1'200'000'000) == 128);
    CHECK(whole(Dimension::Bandwidth, "100 Mbit/s", 100'000'000) == 1);
    CHECK(refusal(Dimension::Bandwidth, "19.2 GB/s") == "`19.2 GB/s` is not a whole number of bit/cycle at 1 GHz");
    const Reading unknown = read_quantity(Dimension::Bandwidth, "19.2 GB/s", std::nullopt);
    CHECK(unknown.undecided);
    CHECK(unknown.error.empty());
}

TEST_CASE("Prices are the nearest double of what is written", "[hw]") {
    CHECK(real(Dimension::Energy, "100 fJ") == 0.1);
    CHECK(real(Dimension::Energy, "43.97 nJ") == 43970.0);
    CHECK(real(Dimension::EnergyPerByte, "0.1 pJ/bit") == 0.8);
    CHECK(real(Dimension::Power, "0.31 uW") == 0.00031);
    CHECK(real(Dimension::Area, "25 um2") == 25e-6);
    CHECK(real(Dimension::Energy, "0 pJ") == 0.0);
    CHECK(real(Dimension::Energy, "-0 pJ") == 0.0);
}

TEST_CASE("What is written reads back", "[hw]") {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1000}, std::int64_t{1'200'000'000}}) {
        CHECK(whole(Dimension::Frequency, write_quantity(Dimension::Frequency, value)) == value);
        CHECK(whole(Dimension::Size, write_quantity(Dimension::Size, value)) == value);
        CHECK(whole(Dimension::Time, write_quantity(Dimension::Time, value)) == value);
    }
    CHECK(write_quantity(Dimension::Frequency, gigahertz) == "1 GHz");
    CHECK(write_quantity(Dimension::Size, std::int64_t{98'304}) == "96 KiB");
    CHECK(write_quantity(Dimension::Bandwidth, std::int64_t{384}) == "384 bit/cycle");
    CHECK(write_quantity(Dimension::Energy, 0.1) == "0.1 pJ");
    CHECK(real(Dimension::Area, write_quantity(Dimension::Area, 1.66e-7)) == 1.66e-7);
}

TEST_CASE("Integers are read strictly", "[hw]") {
    std::string error;
    CHECK(read_integer("0", error) == 0);
    CHECK(read_integer("-3", error) == -3);
    CHECK(read_integer("9223372036854775807", error) == std::numeric_limits<std::int64_t>::max());
    for (const char* text : {"", "-", "+1", "1.0", "1e3", "0x10", "01", " 1", "1 ", "9223372036854775808"}) {
        INFO(text);
        CHECK_FALSE(read_integer(text, error));
    }
}
