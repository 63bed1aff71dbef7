package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guards that every chunk runs exactly once, whoever calls from wherever, and that nothing hangs.
 */
@Timeout(60)
class ThreadsTest {
  private final int former = Threads.count();

  @AfterEach
  void restore() {
    Threads.set(former);
  }

  private static void assertEachOnce(AtomicIntegerArray counts) {
    for (int i = 0; i < counts.length(); i++) {
      assertThat(counts.get(i)).as("chunk %d", i).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void runsEveryChunkOnce(int threads) {
    Threads.set(threads);
    assertThat(Threads.count()).isEqualTo(threads);
    for (int chunks : new int[] {0, 1, 2, 7, 8, 100}) {
      for (int repeat = 0; repeat < 50; repeat++) {
        AtomicIntegerArray counts = new AtomicIntegerArray(chunks);
        Threads.run(chunks, counts::incrementAndGet);
        assertEachOnce(counts);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8})
  void theFailureOfTheLowestChunkIsThrown(int threads) {
    Threads.set(threads);
    for (int repeat = 0; repeat < 20; repeat++) {
      assertThatExceptionOfType(IndexOutOfBoundsException.class)
          .isThrownBy(
              () ->
                  Threads.run(
                      64,
                      i -> {
                        if (i % 10 == 3) {
                          throw new IndexOutOfBoundsException("chunk " + i);
                        }
                      }))
          .withMessage("chunk 3");
    }
    AtomicIntegerArray counts = new AtomicIntegerArray(64); // and the pool still works
    Threads.run(64, counts::incrementAndGet);
    assertEachOnce(counts);
  }

  @Test
  void errorsPropagateToo() {
    Threads.set(4);
    assertThatExceptionOfType(StackOverflowError.class)
        .isThrownBy(
            () ->
                Threads.run(
                    16,
                    i -> {
                      throw new StackOverflowError("as if");
                    }));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8})
  void loopsNest(int threads) {
    Threads.set(threads);
    AtomicIntegerArray counts = new AtomicIntegerArray(20 * 30);
    Threads.run(20, i -> Threads.run(30, j -> counts.incrementAndGet(30 * i + j)));
    assertEachOnce(counts);
  }

  @Test
  void twoCallersAtOnce() throws InterruptedException {
    Threads.set(4);
    AtomicIntegerArray[] counts = {new AtomicIntegerArray(2000), new AtomicIntegerArray(2000)};
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> callers = new ArrayList<>();
    for (AtomicIntegerArray mine : counts) {
      Thread caller =
          new Thread(
              () -> {
                try {
                  start.await();
                } catch (InterruptedException e) {
                  return;
                }
                for (int repeat = 0; repeat < 200; repeat++) {
                  int base = 10 * repeat;
                  Threads.run(10, i -> mine.incrementAndGet(base + i));
                }
              });
      callers.add(caller);
      caller.start();
    }
    start.countDown();
    for (Thread caller : callers) {
      caller.join();
    }
    assertEachOnce(counts[0]);
    assertEachOnce(counts[1]);
  }

  /** The first loop once ran under the lock that set() takes: a worker that called it hung. */
  @Test
  void aChunkMayChangeTheNumberOfThreads() {
    Threads.set(2);
    Threads.set(4); // no pool yet
    AtomicIntegerArray counts = new AtomicIntegerArray(40);
    Threads.run(
        40,
        i -> {
          counts.incrementAndGet(i);
          Threads.set(2 + i % 3);
        });
    assertEachOnce(counts);
  }

  @Test
  void refusesNumbersThatMakeNoSense() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Threads.set(0))
        .withMessage("threads: expected 1 to 1024, got 0");
    assertThatIllegalArgumentException().isThrownBy(() -> Threads.set(1025));
  }

  /** It was an ExceptionInInitializerError, whose message says nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"abc", "0", "-2", "1025", "2.5"})
  void refusesAnEnvironmentVariableThatMakesNoSense(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Threads.parse(text))
        .withMessage(
            "HINDSIGHT_THREADS: expected a number of threads from 1 to 1024, got '"
                + text
                + "'; unset the variable to use all processors");
  }
}
