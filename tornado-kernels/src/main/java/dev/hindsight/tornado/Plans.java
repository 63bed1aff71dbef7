package dev.hindsight.tornado;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Plans that are compiled, by what they are compiled for. The one that was used longest ago goes
 * when there are too many.
 *
 * @param <K> what a plan is compiled for
 * @param <V> the plan and its arrays
 */
final class Plans<K, V extends AutoCloseable> {
  private final int most;
  private final LinkedHashMap<K, V> kept = new LinkedHashMap<>(16, 0.75f, true);

  /** Room for {@code most} plans. */
  Plans(int most) {
    this.most = most;
  }

  V get(K key, Function<K, V> compile) {
    V found = kept.get(key);
    if (found == null) {
      found = compile.apply(key);
      kept.put(key, found);
      while (kept.size() > most) {
        closeEldest();
      }
    }
    return found;
  }

  int size() {
    return kept.size();
  }

  /** Closes all plans. */
  void clear() {
    while (!kept.isEmpty()) {
      closeEldest();
    }
  }

  private void closeEldest() {
    Iterator<Map.Entry<K, V>> entries = kept.entrySet().iterator();
    V eldest = entries.next().getValue();
    entries.remove();
    try {
      eldest.close();
    } catch (Exception e) {
      throw new IllegalStateException("backend tornado: a plan cannot give its memory back", e);
    }
  }
}
