package dev.hindsight.sdpo.code.worker;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;

/**
 * Messages between the parent and a child: a length, then so many bytes. Each begins with the
 * request's secret, {@value #SECRET} random bytes that the child repeats in its answers.
 */
public final class Frames {
  /** Bytes of a request's secret. */
  public static final int SECRET = 16;

  /** The longest message, in bytes: above all tests of a question, below what hurts the parent. */
  public static final int LONGEST = 64 << 20;

  /** The first message of a child, once it is able to work. */
  public static final String READY = "hindsight-ready";

  private Frames() {}

  /** Sends one message. */
  public static void write(DataOutputStream out, byte[] message) throws IOException {
    out.writeInt(message.length);
    out.write(message);
    out.flush();
  }

  /**
   * The next message.
   *
   * @throws EOFException when the other side has gone
   * @throws IOException when what came is no message
   */
  public static byte[] read(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > LONGEST) {
      throw new IOException("a message of " + length + " bytes, expected 0 to " + LONGEST);
    }
    byte[] message = in.readNBytes(length);
    if (message.length < length) {
      throw new EOFException("the message ended after " + message.length + " of " + length);
    }
    return message;
  }
}
