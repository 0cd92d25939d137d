// A memory read by scores, forwards and back: a softmax over the positions that are visible, and the average under it;
// and the scores that are dot products. One sentence at a time, whose products are too small for a library.

#include "rows.h"

#include <vector>

extern "C" {

// scores (batch, asked, stored) = query (batch, asked, width) . keys (batch, stored, width)^T
void dot_scores(const Number* query, const Number* keys, float* scores, int64_t batch, int64_t asked, int64_t stored,
                int64_t width) {
    const int64_t room = filled_up(width);
#pragma omp parallel
    {
        std::vector<float> buffer((asked + stored) * room);
        float* const q = buffer.data();
        float* const k = q + asked * room;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < batch; ++b) {
            gather(q, query + b * asked * width, asked, width, width, room);
            gather(k, keys + b * stored * width, stored, width, width, room);
            compare(scores + b * asked * stored, q, k, asked, stored, room);
        }
    }
}

void dot_scores_back(const Number* query, const Number* keys, const float* gradient, Number* query_gradient,
                     Number* key_gradient, int64_t batch, int64_t asked, int64_t stored, int64_t width) {
    const int64_t room = filled_up(width);
#pragma omp parallel
    {
        std::vector<float> buffer(2 * (asked + stored) * room);
        float* const q = buffer.data();
        float* const k = q + asked * room;
        float* const dq = k + stored * room;
        float* const dk = dq + asked * room;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < batch; ++b) {
            const float* const d = gradient + b * asked * stored;
            gather(q, query + b * asked * width, asked, width, width, room);
            gather(k, keys + b * stored * width, stored, width, width, room);
            mix(dq, {d, stored, 1}, k, asked, stored, room);
            mix(dk, {d, 1, stored}, q, stored, asked, room);
            scatter(query_gradient + b * asked * width, dq, asked, width, width, room);
            scatter(key_gradient + b * stored * width, dk, stored, width, width, room);
        }
    }
}

// alignment (batch, asked, stored) = softmax of the scores; context (batch, asked, width) = alignment . memory
void read_memory(const float* scores, const Number* memory, const uint8_t* visible, float* alignment, Number* context,
                 int64_t batch, int64_t asked, int64_t stored, int64_t width) {
    const int64_t room = filled_up(width);
#pragma omp parallel
    {
        std::vector<float> buffer((asked + stored) * room);
        float* const m = buffer.data();
        float* const c = m + stored * room;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < batch; ++b) {
            const uint8_t* const seen = visible + b * stored;
            for (int64_t t = 0; t < asked; ++t) {
                const float* const row = scores + (b * asked + t) * stored;
                float* const p = alignment + (b * asked + t) * stored;
                float largest = -INFINITY, total = 0;
                for (int64_t s = 0; s < stored; ++s)
                    if (seen[s]) largest = std::max(largest, row[s]);
#pragma omp simd reduction(+ : total)
                for (int64_t s = 0; s < stored; ++s) {
                    p[s] = seen[s] ? exponential(row[s] - largest) : 0.0f;
                    total += p[s];
                }
                const float share = 1.0f / total;
                for (int64_t s = 0; s < stored; ++s) p[s] *= share;
            }
            gather(m, memory + b * stored * width, stored, width, width, room);
            mix(c, {alignment + b * asked * stored, stored, 1}, m, asked, stored, room);
            scatter(context + b * asked * width, c, asked, width, width, room);
        }
    }
}

void read_memory_back(const Number* memory, const float* alignment, const float* of_alignment,
                      const Number* of_context, float* of_scores, Number* of_memory, int64_t batch, int64_t asked,
                      int64_t stored, int64_t width) {
    const int64_t room = filled_up(width);
#pragma omp parallel
    {
        std::vector<float> buffer((asked + 2 * stored) * room);
        float* const m = buffer.data();
        float* const dm = m + stored * room;
        float* const g = dm + stored * room;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < batch; ++b) {
            const int64_t place = b * asked * stored;
            gather(m, memory + b * stored * width, stored, width, width, room);
            gather(g, of_context + b * asked * width, asked, width, width, room);
            compare(of_scores + place, g, m, asked, stored, room);
            for (int64_t t = 0; t < asked; ++t) {
                const float* const p = alignment + place + t * stored;
                float* const d = of_scores + place + t * stored;
                float mean = 0;
                for (int64_t s = 0; s < stored; ++s) {
                    if (of_alignment) d[s] += of_alignment[place + t * stored + s];
                    mean += d[s] * p[s];
                }
                for (int64_t s = 0; s < stored; ++s) d[s] = p[s] * (d[s] - mean);
            }
            mix(dm, {alignment + place, 1, stored}, g, stored, asked, room);
            scatter(of_memory + b * stored * width, dm, stored, width, width, room);
        }
    }
}

}  // extern "C"
