package dev.hindsight.sdpo.code.worker;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Arguments and results as bytes: null, primitives and their boxes, strings, arrays and lists of
 * those, nested. The reader builds nothing else, whatever the bytes say: this is no serialization
 * of objects.
 */
public final class Wire {
  /** The deepest nesting: a list that holds itself ends here. */
  public static final int DEEPEST = 64;

  /** The most values in one argument or result. */
  public static final int MOST = 4_000_000;

  private static final byte NULL = 0;
  private static final byte BOOLEAN = 1;
  private static final byte INT = 2;
  private static final byte LONG = 3;
  private static final byte DOUBLE = 4;
  private static final byte CHAR = 5;
  private static final byte STRING = 6;
  private static final byte ARRAY = 7;
  private static final byte LIST = 8;
  private static final byte BYTE = 9;
  private static final byte SHORT = 10;
  private static final byte FLOAT = 11;

  private int count;

  private Wire() {}

  /**
   * Writes a value.
   *
   * @throws IllegalArgumentException when it is of no kind that is known here, too large or too
   *     deep
   */
  public static void write(DataOutput out, @Nullable Object value) throws IOException {
    new Wire().write(out, value, 0);
  }

  private void write(DataOutput out, @Nullable Object value, int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new IllegalArgumentException("nested more than " + DEEPEST + " deep");
    }
    if (++count > MOST) {
      throw new IllegalArgumentException("more than " + MOST + " values");
    }
    switch (value) {
      case null -> out.writeByte(NULL);
      case Boolean b -> {
        out.writeByte(BOOLEAN);
        out.writeBoolean(b);
      }
      case Integer i -> {
        out.writeByte(INT);
        out.writeInt(i);
      }
      case Long l -> {
        out.writeByte(LONG);
        out.writeLong(l);
      }
      case Double d -> {
        out.writeByte(DOUBLE);
        out.writeDouble(d);
      }
      case Character c -> {
        out.writeByte(CHAR);
        out.writeChar(c);
      }
      case String s -> {
        out.writeByte(STRING);
        text(out, s);
      }
      case Byte b -> {
        out.writeByte(BYTE);
        out.writeByte(b);
      }
      case Short s -> {
        out.writeByte(SHORT);
        out.writeShort(s);
      }
      case Float f -> {
        out.writeByte(FLOAT);
        out.writeFloat(f);
      }
      case List<?> list -> {
        Object[] elements = list.toArray();
        out.writeByte(LIST);
        out.writeInt(elements.length);
        for (Object element : elements) {
          write(out, element, depth + 1);
        }
      }
      default -> {
        Class<?> component = value.getClass().getComponentType();
        if (component == null) {
          throw new IllegalArgumentException(
              "a value of class "
                  + value.getClass().getName()
                  + ", expected a number, boolean, char, String, or an array or List of those");
        }
        out.writeByte(ARRAY);
        text(out, component.descriptorString());
        int n = Array.getLength(value);
        out.writeInt(n);
        for (int i = 0; i < n; i++) {
          write(out, Array.get(value, i), depth + 1);
        }
      }
    }
  }

  /**
   * Reads a value.
   *
   * @throws IOException when the bytes are none
   */
  public static @Nullable Object read(DataInput in) throws IOException {
    return new Wire().read(in, 0);
  }

  private @Nullable Object read(DataInput in, int depth) throws IOException {
    if (depth > DEEPEST || ++count > MOST) {
      throw new IOException("a value too deep or too large");
    }
    byte tag = in.readByte();
    return switch (tag) {
      case NULL -> null;
      case BOOLEAN -> in.readBoolean();
      case INT -> in.readInt();
      case LONG -> in.readLong();
      case DOUBLE -> in.readDouble();
      case CHAR -> in.readChar();
      case STRING -> text(in);
      case BYTE -> in.readByte();
      case SHORT -> in.readShort();
      case FLOAT -> in.readFloat();
      case LIST -> {
        int n = length(in);
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < n; i++) {
          list.add(read(in, depth + 1));
        }
        yield list;
      }
      case ARRAY -> {
        Class<?> component = component(text(in));
        int n = length(in);
        Object array = Array.newInstance(component, n);
        for (int i = 0; i < n; i++) {
          try {
            Array.set(array, i, read(in, depth + 1));
          } catch (IllegalArgumentException e) {
            throw new IOException("an element that is no " + component.getName(), e);
          }
        }
        yield array;
      }
      default -> throw new IOException("tag " + tag + " of no known value");
    };
  }

  private int length(DataInput in) throws IOException {
    int n = in.readInt();
    if (n < 0 || n > MOST - count) {
      throw new IOException("a list of " + n + " values");
    }
    return n;
  }

  /** The class of a descriptor, if values of it can be told here. */
  private static Class<?> component(String descriptor) throws IOException {
    int dimensions = 0;
    while (dimensions < descriptor.length() && descriptor.charAt(dimensions) == '[') {
      dimensions++;
    }
    Class<?> component =
        switch (descriptor.substring(dimensions)) {
          case "Z" -> boolean.class;
          case "B" -> byte.class;
          case "S" -> short.class;
          case "C" -> char.class;
          case "I" -> int.class;
          case "J" -> long.class;
          case "F" -> float.class;
          case "D" -> double.class;
          case "Ljava/lang/String;" -> String.class;
          case "Ljava/lang/Boolean;" -> Boolean.class;
          case "Ljava/lang/Byte;" -> Byte.class;
          case "Ljava/lang/Short;" -> Short.class;
          case "Ljava/lang/Character;" -> Character.class;
          case "Ljava/lang/Integer;" -> Integer.class;
          case "Ljava/lang/Long;" -> Long.class;
          case "Ljava/lang/Float;" -> Float.class;
          case "Ljava/lang/Double;" -> Double.class;
          case "Ljava/util/List;" -> List.class;
          default -> Object.class; // the elements tell their own kinds
        };
    for (int i = 0; i < dimensions; i++) {
      component = component.arrayType();
    }
    return component;
  }

  /** A string of any length, with every char as it is. */
  public static void text(DataOutput out, String text) throws IOException {
    out.writeInt(text.length());
    byte[] bytes = new byte[2 * text.length()];
    for (int i = 0; i < text.length(); i++) {
      bytes[2 * i] = (byte) (text.charAt(i) >> 8);
      bytes[2 * i + 1] = (byte) text.charAt(i);
    }
    out.write(bytes);
  }

  /** Reads {@link #text(DataOutput, String)}. */
  public static String text(DataInput in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > Frames.LONGEST / 2) {
      throw new IOException("a text of " + length + " characters");
    }
    byte[] bytes = new byte[2 * length];
    in.readFully(bytes);
    char[] chars = new char[length];
    for (int i = 0; i < length; i++) {
      chars[i] = (char) ((bytes[2 * i] & 0xFF) << 8 | (bytes[2 * i + 1] & 0xFF));
    }
    return new String(chars);
  }

  /** A counted sequence of bytes. */
  public static void bytes(DataOutput out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /** Reads {@link #bytes(DataOutput, byte[])}. */
  public static byte[] bytes(DataInput in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > Frames.LONGEST) {
      throw new IOException(length + " bytes");
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }
}
