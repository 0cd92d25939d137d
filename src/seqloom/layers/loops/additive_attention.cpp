// The scores of additive attention, forwards and back, without the numbers that are compared ever being stored.

#include "numbers.h"

#include <vector>

extern "C" {

void additive_scores(const Number* query, const Number* keys, const float* vector, float* scores, int64_t batch,
                     int64_t asked, int64_t stored, int64_t width) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t t = 0; t < asked; ++t) {
            const Number* const q = query + (b * asked + t) * width;
            for (int64_t s = 0; s < stored; ++s) {
                const Number* const k = keys + (b * stored + s) * width;
                float sum = 0;
#pragma omp simd reduction(+ : sum)
                for (int64_t a = 0; a < width; ++a) sum += vector[a] * hyperbolic_tangent(value(q[a]) + value(k[a]));
                scores[(b * asked + t) * stored + s] = sum;
            }
        }
    }
}

void additive_scores_back(const Number* query, const Number* keys, const float* vector, const float* gradient,
                          Number* query_gradient, Number* key_gradient, float* vector_gradient, int64_t batch,
                          int64_t asked, int64_t stored, int64_t width) {
#pragma omp parallel
    {
        std::vector<float> buffer((stored + 1) * width);
        float* const dk = buffer.data();
        float* const dq = dk + stored * width;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < batch; ++b) {
            float* const dv = vector_gradient + b * width;
            std::fill(dk, dk + stored * width, 0.0f);
            std::fill(dv, dv + width, 0.0f);
            for (int64_t t = 0; t < asked; ++t) {
                const Number* const q = query + (b * asked + t) * width;
                std::fill(dq, dq + width, 0.0f);
                for (int64_t s = 0; s < stored; ++s) {
                    const float d = gradient[(b * asked + t) * stored + s];
                    if (d == 0) continue;  // padding
                    const Number* const k = keys + (b * stored + s) * width;
                    float* const dks = dk + s * width;
#pragma omp simd
                    for (int64_t a = 0; a < width; ++a) {
                        const float compared = hyperbolic_tangent(value(q[a]) + value(k[a]));
                        const float g = d * vector[a] * (1 - compared * compared);
                        dq[a] += g;
                        dks[a] += g;
                        dv[a] += d * compared;
                    }
                }
                for (int64_t a = 0; a < width; ++a) put(query_gradient[(b * asked + t) * width + a], dq[a]);
            }
            for (int64_t i = 0; i < stored * width; ++i) put(key_gradient[b * stored * width + i], dk[i]);
        }
    }
}

}  // extern "C"
