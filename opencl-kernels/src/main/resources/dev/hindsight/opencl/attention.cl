// Scaled dot-product attention over ragged sequences with grouped queries, forward and backward; the
// score matrix is never held. D channels. A work-group has LY x 16 items and one block of B = 16 T
// keys or LY T queries of one head at a time; item (lx, ly) has keys lx, lx + 16, ... and queries ly,
// ly + LY, ... of it. What is computed for a query depends on its own row and its keys, block after
// block from the sequence's first key: neither on LY nor on the queries beside it.

#define B (16 * T)
#define Q (LY * T)
#define CHANNELS ((D + 15) / 16)
#define B_ROW (B + 1)
#define Q_ROW (Q + 1)

// [rows, heads, channels] of any strides.
#define HEADS(name) global float *name, long name##_at, long name##_row, long name##_head, long name##_step
#define AT(name, row, head, channel) \
  name[name##_at + (row) * name##_row + (head) * name##_head + (channel) * name##_step]

#define ATTENTION_KERNEL kernel __attribute__((reqd_work_group_size(16, LY, 1)))

// Some rows of one head, channel after channel: zeros behind the last row.
#define LOAD(tile, width, name, head, first, rows)                                  \
  for (int i = item; i < (width) * D; i += 16 * LY) {                               \
    const int row = i / D;                                                          \
    const int channel = i % D;                                                      \
    tile[channel * ((width) + 1) + row] =                                           \
        row < (rows) ? AT(name, (long)(first) + row, head, channel) : 0.0f;         \
  }

// Products of the queries of this item with its keys, a chain of fma over the channels each.
#define PRODUCTS(result, queries, keys)                        \
  for (int i = 0; i < T; i++) {                                \
    for (int j = 0; j < T; j++) {                              \
      result[i][j] = 0.0f;                                     \
    }                                                          \
  }                                                            \
  for (int c = 0; c < D; c++) {                                \
    for (int i = 0; i < T; i++) {                              \
      const float x = queries[c * Q_ROW + ly + LY * i];        \
      for (int j = 0; j < T; j++) {                            \
        result[i][j] = fma(x, keys[c * B_ROW + lx + 16 * j], result[i][j]); \
      }                                                        \
    }                                                          \
  }

// A key that a query does not see has weight 0, and may be NaN.
#define ADD_UNLESS_ZERO(sum, weight, x) sum = (weight) == 0.0f ? sum : fma(weight, x, sum);

// A block of queries: rows from `query` on, `queries` of them; the keys of their sequence; how many
// keys the first one sees; and how many more each next one does (1 causal, else 0).
typedef struct {
  int query, queries, key, keys, visible, step;
} QueryBlock;

ATTENTION_KERNEL void attention(
    HEADS(q), HEADS(k), HEADS(v), HEADS(out), global float *lse, long lse_at, long lse_row,
    long lse_head, global const QueryBlock *blocks, int group, float scale) {
  local float queries[D * Q_ROW];
  local float tile[D * B_ROW];
  local float weights[B * Q_ROW];
  local float meeting[Q * 16];
  const int lx = get_local_id(0);
  const int ly = get_local_id(1);
  const int item = ly * 16 + lx;
  const QueryBlock block = blocks[get_group_id(0)];
  const int head = get_group_id(1);
  const int key_head = head / group;

  LOAD(queries, Q, q, head, block.query, block.queries)
  float largest[T], sum[T], result[T][CHANNELS];
  for (int i = 0; i < T; i++) {
    largest[i] = -INFINITY;
    sum[i] = 0.0f;
    for (int c = 0; c < CHANNELS; c++) {
      result[i][c] = 0.0f;
    }
  }
  const int seen = block.visible + (block.queries - 1) * block.step; // by the last query
  for (int from = 0; from < seen; from += B) {
    const int keys = min(B, block.keys - from);
    barrier(CLK_LOCAL_MEM_FENCE);
    LOAD(tile, B, k, key_head, block.key + from, keys)
    barrier(CLK_LOCAL_MEM_FENCE);
    float score[T][T];
    PRODUCTS(score, queries, tile)
    for (int i = 0; i < T; i++) {
      const int row = ly + LY * i;
      const int visible = block.visible + row * block.step - from;
      float top = -INFINITY;
      for (int j = 0; j < T; j++) {
        score[i][j] = lx + 16 * j < visible ? score[i][j] * scale : -INFINITY;
        top = fmax(top, score[i][j]);
      }
      meeting[row * 16 + lx] = top;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    float part[T];
    for (int i = 0; i < T; i++) {
      const int row = ly + LY * i;
      float top = largest[i];
      for (int lane = 0; lane < 16; lane++) {
        top = fmax(top, meeting[row * 16 + lane]);
      }
      const float shrink = largest[i] == top ? 1.0f : exp(largest[i] - top);
      largest[i] = top;
      sum[i] *= shrink;
      for (int c = 0; c < CHANNELS; c++) {
        result[i][c] *= shrink;
      }
      part[i] = 0.0f;
      for (int j = 0; j < T; j++) {
        const float weight = score[i][j] == -INFINITY ? 0.0f : exp(score[i][j] - top);
        part[i] += weight;
        weights[(lx + 16 * j) * Q_ROW + row] = weight;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < T; i++) {
      meeting[(ly + LY * i) * 16 + lx] = part[i];
    }
    LOAD(tile, B, v, key_head, block.key + from, keys)
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < T; i++) {
      float all = 0.0f;
      for (int lane = 0; lane < 16; lane++) {
        all += meeting[(ly + LY * i) * 16 + lane];
      }
      sum[i] += all;
    }
    for (int j = 0; j < keys; j++) {
      for (int i = 0; i < T; i++) {
        const float weight = weights[j * Q_ROW + ly + LY * i];
        for (int c = 0; c < CHANNELS; c++) {
          const int channel = min(lx + 16 * c, D - 1);
          ADD_UNLESS_ZERO(result[i][c], weight, tile[channel * B_ROW + j])
        }
      }
    }
  }
  for (int i = 0; i < T; i++) {
    const int row = ly + LY * i;
    if (row < block.queries) {
      const long to = (long)block.query + row;
      const bool blind = block.visible + row * block.step < 1;
      if (!blind && sum[i] == 0.0f) {
        sum[i] = NAN; // every score is minus infinity, which is no distribution
      }
      for (int c = 0; c < CHANNELS; c++) {
        if (lx + 16 * c < D) {
          AT(out, to, head, lx + 16 * c) = blind ? 0.0f : result[i][c] / sum[i];
        }
      }
      if (lx == 0) {
        lse[lse_at + to * lse_row + head * lse_head] = blind ? -INFINITY : largest[i] + log(sum[i]);
      }
    }
  }
}

// delta[row, head] = sum of dOut out over the channels, for the rows of a block of queries.
ATTENTION_KERNEL void attention_delta(
    HEADS(out), HEADS(d), global float *delta, global const QueryBlock *blocks, int heads) {
  const QueryBlock block = blocks[get_group_id(0)];
  const int head = get_group_id(1);
  for (int row = get_local_id(1) * 16 + get_local_id(0); row < block.queries; row += 16 * LY) {
    const long at = (long)block.query + row;
    float dot = 0.0f;
    for (int c = 0; c < D; c++) {
      dot = fma(AT(d, at, head, c), AT(out, at, head, c), dot);
    }
    delta[at * heads + head] = dot;
  }
}

ATTENTION_KERNEL void attention_dq(
    HEADS(q), HEADS(k), HEADS(v), HEADS(d), HEADS(dq), global const float *lse, long lse_at,
    long lse_row, long lse_head, global const float *delta, global const QueryBlock *blocks,
    int heads, int group, float scale) {
  local float queries[D * Q_ROW];
  local float gradients[D * Q_ROW];
  local float tile[D * B_ROW];
  local float slopes[B * Q_ROW];
  const int lx = get_local_id(0);
  const int ly = get_local_id(1);
  const int item = ly * 16 + lx;
  const QueryBlock block = blocks[get_group_id(0)];
  const int head = get_group_id(1);
  const int key_head = head / group;

  LOAD(queries, Q, q, head, block.query, block.queries)
  LOAD(gradients, Q, d, head, block.query, block.queries)
  float log_sum[T], dot[T], result[T][CHANNELS];
  for (int i = 0; i < T; i++) {
    const long row = (long)block.query + min(ly + LY * i, block.queries - 1);
    log_sum[i] = lse[lse_at + row * lse_row + head * lse_head];
    dot[i] = delta[row * heads + head];
    for (int c = 0; c < CHANNELS; c++) {
      result[i][c] = 0.0f;
    }
  }
  const int seen = block.visible + (block.queries - 1) * block.step;
  for (int from = 0; from < seen; from += B) {
    const int keys = min(B, block.keys - from);
    float score[T][T], slope[T][T];
    barrier(CLK_LOCAL_MEM_FENCE);
    LOAD(tile, B, v, key_head, block.key + from, keys)
    barrier(CLK_LOCAL_MEM_FENCE);
    PRODUCTS(slope, gradients, tile)
    barrier(CLK_LOCAL_MEM_FENCE);
    LOAD(tile, B, k, key_head, block.key + from, keys)
    barrier(CLK_LOCAL_MEM_FENCE);
    PRODUCTS(score, queries, tile)
    for (int i = 0; i < T; i++) {
      const int row = ly + LY * i;
      const int visible = block.visible + row * block.step - from;
      for (int j = 0; j < T; j++) {
        const float weight =
            lx + 16 * j < visible ? exp(score[i][j] * scale - log_sum[i]) : 0.0f;
        slopes[(lx + 16 * j) * Q_ROW + row] =
            weight == 0.0f ? 0.0f : weight * (slope[i][j] - dot[i]) * scale;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = 0; j < keys; j++) {
      for (int i = 0; i < T; i++) {
        const float s = slopes[j * Q_ROW + ly + LY * i];
        for (int c = 0; c < CHANNELS; c++) {
          const int channel = min(lx + 16 * c, D - 1);
          ADD_UNLESS_ZERO(result[i][c], s, tile[channel * B_ROW + j])
        }
      }
    }
  }
  for (int i = 0; i < T; i++) {
    const int row = ly + LY * i;
    for (int c = 0; c < CHANNELS; c++) {
      if (row < block.queries && lx + 16 * c < D) {
        AT(dq, (long)block.query + row, head, lx + 16 * c) = result[i][c];
      }
    }
  }
}

// A block of keys: rows from `key` on, `keys` of them, the first of which is key `place` of its
// sequence; the queries of that sequence; and how many keys their first one sees; step as above.
typedef struct {
  int key, keys, place, query, queries, visible, step;
} KeyBlock;

// Here the items' second axis counts keys when results are summed: LY is 16.
ATTENTION_KERNEL void attention_dkv(
    HEADS(q), HEADS(k), HEADS(v), HEADS(d), HEADS(dk), HEADS(dv), global const float *lse,
    long lse_at, long lse_row, long lse_head, global const float *delta,
    global const KeyBlock *blocks, int heads, int group, float scale) {
  local float keys[D * B_ROW];
  local float values[D * B_ROW];
  local float queries[D * Q_ROW];
  local float gradients[D * Q_ROW];
  local float weights[Q * B_ROW];
  local float slopes[Q * B_ROW];
  const int lx = get_local_id(0);
  const int ly = get_local_id(1);
  const int item = ly * 16 + lx;
  const KeyBlock block = blocks[get_group_id(0)];
  const int key_head = get_group_id(1);

  LOAD(keys, B, k, key_head, block.key, block.keys)
  LOAD(values, B, v, key_head, block.key, block.keys)
  float key_result[T][CHANNELS], value_result[T][CHANNELS];
  for (int i = 0; i < T; i++) {
    for (int c = 0; c < CHANNELS; c++) {
      key_result[i][c] = 0.0f;
      value_result[i][c] = 0.0f;
    }
  }
  // Query i sees `visible + i step` keys: the first that sees this block.
  const int first = block.step ? max(0, block.place + 1 - block.visible) : 0;
  for (int head = key_head * group; head < (key_head + 1) * group; head++) {
    for (int from = first; from < block.queries; from += Q) {
      const int rows = min(Q, block.queries - from);
      barrier(CLK_LOCAL_MEM_FENCE);
      LOAD(queries, Q, q, head, block.query + from, rows)
      LOAD(gradients, Q, d, head, block.query + from, rows)
      barrier(CLK_LOCAL_MEM_FENCE);
      float score[T][T], slope[T][T];
      PRODUCTS(score, queries, keys)
      PRODUCTS(slope, gradients, values)
      for (int i = 0; i < T; i++) {
        const int row = ly + LY * i;
        const long at = (long)block.query + from + min(row, rows - 1);
        const float log_sum = lse[lse_at + at * lse_row + head * lse_head];
        const float dot = delta[at * heads + head];
        const int visible = block.visible + (from + row) * block.step - block.place;
        for (int j = 0; j < T; j++) {
          const int key = lx + 16 * j;
          const float weight = row < rows && key < block.keys && key < visible
                                   ? exp(score[i][j] * scale - log_sum)
                                   : 0.0f;
          weights[row * B_ROW + key] = weight;
          slopes[row * B_ROW + key] =
              weight == 0.0f ? 0.0f : weight * (slope[i][j] - dot) * scale;
        }
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < T; i++) {
          const float weight = weights[row * B_ROW + ly + 16 * i];
          const float s = slopes[row * B_ROW + ly + 16 * i];
          for (int c = 0; c < CHANNELS; c++) {
            const int channel = min(lx + 16 * c, D - 1);
            ADD_UNLESS_ZERO(value_result[i][c], weight, gradients[channel * Q_ROW + row])
            ADD_UNLESS_ZERO(key_result[i][c], s, queries[channel * Q_ROW + row])
          }
        }
      }
    }
  }
  for (int i = 0; i < T; i++) {
    const int key = ly + 16 * i;
    for (int c = 0; c < CHANNELS; c++) {
      if (key < block.keys && lx + 16 * c < D) {
        // sequences may have keys in common: those are launched one after another
        AT(dk, (long)block.key + key, key_head, lx + 16 * c) += key_result[i][c];
        AT(dv, (long)block.key + key, key_head, lx + 16 * c) += value_result[i][c];
      }
    }
  }
}
