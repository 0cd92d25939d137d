// Which numbers dropout keeps: a function of a seed and a place, so that a mask is never stored.

#pragma once

#include <cstdint>
#include <vector>

// 64 random bits, a function of seed and place (Steele et al. 2014, SplitMix64)
inline uint64_t random_word(uint64_t seed, uint64_t place) {
    uint64_t z = seed + (place + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// The dropout of rows of `count` elements: each element has a byte of the row's words, and is kept where that is not
// below the threshold.
class Mask {
public:
    Mask(int64_t count, uint64_t seed, int threshold, float scale)
        : words_((count + 7) / 8), kept_(8 * words_.size(), 1.0f), seed_(seed), threshold_(threshold), scale_(scale) {}

    // scale where an element of the row is kept and 0 where it is dropped; 1 without dropout
    const float* row(int64_t number) {
        if (!threshold_) return kept_.data();
        const uint64_t count = words_.size(), first = uint64_t(number) * count, seed = seed_;
        uint64_t* const words = words_.data();
#pragma omp simd
        for (uint64_t word = 0; word < count; ++word) words[word] = random_word(seed, first + word);
        const uint8_t* const bytes = reinterpret_cast<const uint8_t*>(words);
        float* const kept = kept_.data();
        const int threshold = threshold_;
        const float scale = scale_;
#pragma omp simd
        for (uint64_t i = 0; i < 8 * count; ++i) kept[i] = bytes[i] >= threshold ? scale : 0.0f;
        return kept;
    }

private:
    std::vector<uint64_t> words_;
    std::vector<float> kept_;
    uint64_t seed_;
    int threshold_;
    float scale_;
};
