package dev.hindsight.sdpo.code.worker;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;

/** What a solution prints, up to a limit; the rest is dropped, and that is known. */
final class Capture extends OutputStream {
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private final int most;
  private boolean overflowed;

  Capture(int most) {
    this.most = most;
  }

  @Override
  public synchronized void write(int b) {
    if (kept.size() < most) {
      kept.write(b);
    } else {
      overflowed = true;
    }
  }

  @Override
  public synchronized void write(byte[] bytes, int from, int length) {
    int room = Math.min(length, most - kept.size());
    kept.write(bytes, from, room);
    overflowed |= room < length;
  }

  synchronized byte[] bytes() {
    return kept.toByteArray();
  }

  synchronized boolean overflowed() {
    return overflowed;
  }
}
