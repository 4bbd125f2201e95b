#pragma once
// Scales with which integers and float32 round alike.

namespace cim::compiler {

/// A sum of the integer convolution is a whole number, and what is stored for it turns from n to n + 1 (zero point taken out) where it
/// passes (n + 0.5) / requantising scale. Where that lies next to a whole number, a runtime that sums in float32 may round the other way;
/// in a network of many layers one different step becomes many. So a weight scale is made up to 1/256 larger (with which the largest
/// weight stays 127), such that none of these places is near to a whole number.
///
/// `to_output`: requantising scale / weight scale. `slope`: of a PRelu behind, 1 without one. lo, hi: what can be stored, zero point taken
/// out. Sums above `largest` do not occur.
float scale_away_from_ties(float weight_scale, float to_output, float slope, int lo, int hi, double largest);

}  // namespace cim::compiler
