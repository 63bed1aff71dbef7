// Indices come from the caller. One that does not fit is noted, the first of all that are met; the
// kernel goes on without it, and the host throws when it next reads a value.

#define GATHER_ROWS 0
#define SCATTER_ADD_ROWS 1
#define GATHER_LAST 2
#define SCATTER_ADD_LAST 3
#define CROSS_ENTROPY 4
#define CROSS_ENTROPY_BACKWARD 5

void note_index(global int *note, int operation, int index, int extent, long place) {
  if (atomic_cmpxchg(note, 0, 1) == 0) {
    note[1] = operation;
    note[2] = index;
    note[3] = extent;
    note[4] = (int)place;
  }
}
