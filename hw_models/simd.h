#pragma once
// CIM_WIDE_VECTORS marks a function of plain loops that is compiled twice, for the baseline processor and for AVX2, and chosen when the
// program starts. Both give the same bits: no fused multiply-add, and no sum is reordered. -O2 alone makes vectors only of loops whose
// number of turns is known.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CIM_WIDE_VECTORS __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define CIM_WIDE_VECTORS
#endif
