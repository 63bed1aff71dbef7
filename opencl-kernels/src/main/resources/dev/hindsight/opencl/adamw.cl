// One AdamW update in place; with AVERAGE, the updated parameter also moves its average.
typedef struct {
  float scale, beta1, rest1, beta2, rest2, unbias1, unbias2, epsilon, rate, decay, average;
} Step;

kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void adamw(
    global float *parameter, long parameter_at, global const float *gradient, long gradient_at,
    global float *m, long m_at, global float *v, long v_at,
#if AVERAGE
    global float *mean, long mean_at,
#endif
    Step s, long size) {
  const long i = get_global_id(0);
  if (i >= size) {
    return;
  }
  const float p = parameter[parameter_at + i];
  const float g = gradient[gradient_at + i] * s.scale;
  const float first = s.beta1 * m[m_at + i] + s.rest1 * g;
  const float second = s.beta2 * v[v_at + i] + s.rest2 * g * g;
  const float move = first / s.unbias1 / (sqrt(second / s.unbias2) + s.epsilon);
  const float next = p - s.rate * (s.decay * p + move);
  m[m_at + i] = first;
  v[v_at + i] = second;
  parameter[parameter_at + i] = next;
#if AVERAGE
  const float old = mean[mean_at + i];
  mean[mean_at + i] = old + s.average * (next - old);
#endif
}
