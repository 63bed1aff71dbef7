package dev.hindsight.sdpo.teacher;

/** Whose weights the self-teacher has (arXiv 2601.20802, section 3.3 and Table 4). */
public enum TeacherKind {
  /** A moving average of the student's: {@code theta' <- (1 - r) theta' + r theta}. */
  EMA,
  /** The geometric mean of frozen teacher and student: {@code q ~ q_ref^(1 - r) q_theta^r}. */
  TRUST_REGION,
  /** The initial policy's. */
  FROZEN,
  /** The student's own, with no regularisation; training diverges in the paper. */
  LIVE
}
