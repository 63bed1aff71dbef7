package dev.hindsight.sdpo.code.sandbox;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The classes, methods and fields of the JDK that a solution may use. What is not named here is
 * refused, so a class that a later JDK adds is refused, too.
 *
 * <p>The table is kept by three questions. Does it reach a file, the network, a process, a thread,
 * another class's privates, or bytes that become code? Does it change something that outlives the
 * run, such as a default locale or {@code System.out}? Does it hand out an object that does?
 */
final class Allowlist {
  /** Classes of which everything may be used that is not excepted below, their members included. */
  private static final String WHOLE =
      """
      java.lang: Appendable AutoCloseable Boolean Byte CharSequence Character Cloneable Comparable
        Deprecated Double Enum Error Exception Float FunctionalInterface Integer Iterable Long Math
        Number Object Override Readable Record Runnable SafeVarargs Short StackTraceElement
        StrictMath String StringBuffer StringBuilder SuppressWarnings Throwable Void
      java.util: AbstractCollection AbstractList AbstractMap AbstractQueue AbstractSequentialList
        AbstractSet ArrayDeque ArrayList Arrays Base64 BitSet Collection Collections Comparator
        Deque Dictionary DoubleSummaryStatistics EnumMap EnumSet Enumeration HashMap HashSet
        Hashtable HexFormat IdentityHashMap IntSummaryStatistics Iterator LinkedHashMap
        LinkedHashSet LinkedList List ListIterator LongSummaryStatistics Map NavigableMap
        NavigableSet Objects Optional OptionalDouble OptionalInt OptionalLong PrimitiveIterator
        PriorityQueue Queue Random RandomAccess Scanner SequencedCollection SequencedMap
        SequencedSet Set SortedMap SortedSet Spliterator SplittableRandom Stack StringJoiner
        StringTokenizer TreeMap TreeSet Vector
      java.util.concurrent: ConcurrentHashMap ConcurrentLinkedDeque ConcurrentLinkedQueue
        ConcurrentMap ConcurrentNavigableMap ConcurrentSkipListMap ConcurrentSkipListSet
        CopyOnWriteArrayList CopyOnWriteArraySet
      java.util.concurrent.atomic: AtomicBoolean AtomicInteger AtomicIntegerArray AtomicLong
        AtomicLongArray AtomicReference AtomicReferenceArray LongAdder
      java.util.function: *
      java.util.regex: MatchResult Matcher Pattern PatternSyntaxException
      java.util.stream: BaseStream Collector Collectors DoubleStream Gatherer Gatherers IntStream
        LongStream Stream
      java.math: *
      java.text: DecimalFormat DecimalFormatSymbols NumberFormat
      java.io: BufferedInputStream BufferedOutputStream BufferedReader BufferedWriter
        ByteArrayInputStream ByteArrayOutputStream Closeable DataInputStream DataOutputStream
        Flushable InputStream InputStreamReader OutputStream OutputStreamWriter PrintStream
        PrintWriter PushbackInputStream PushbackReader Reader Serializable StreamTokenizer
        StringReader StringWriter Writer
      java.nio.charset: StandardCharsets
      java.time: DayOfWeek Duration Instant LocalDate LocalDateTime LocalTime Month MonthDay Period
        Year YearMonth
      java.time.temporal: ChronoUnit TemporalAdjuster TemporalAdjusters TemporalUnit
      java.lang.annotation: *
      """;

  /** Classes of which only these members may be used. They cannot be extended. */
  private static final Map<String, String> ONLY =
      Map.of(
          "java/lang/System",
          "in out err arraycopy currentTimeMillis nanoTime identityHashCode lineSeparator",
          "java/lang/Class",
          "getName getSimpleName getTypeName getPackageName hashCode equals toString isInstance cast"
              + " isArray isInterface isEnum isRecord isPrimitive getEnumConstants"
              + " desiredAssertionStatus",
          // readln keeps a reader on what System.in once was
          "java/lang/IO",
          "print println",
          "java/util/Locale",
          "ROOT US UK ENGLISH GERMANY FRANCE getDefault toString",
          "java/nio/charset/Charset",
          "defaultCharset forName name toString",
          "java/util/concurrent/ThreadLocalRandom",
          "current nextInt nextLong nextDouble nextBoolean nextGaussian ints longs doubles");

  /** Members of whole classes that may not be used, by name. */
  private static final Map<String, String> EXCEPT =
      Map.of(
          "java/lang/Integer", "getInteger", // these three read system properties
          "java/lang/Long", "getLong",
          "java/lang/Boolean", "getBoolean",
          "java/util/stream/Gatherers", "mapConcurrent");

  /** What starts threads or waits for some, whichever class has it. */
  private static final Set<String> NOWHERE = Set.of("wait", "notify", "notifyAll", "finalize");

  /** Has methods whose first argument, a long, lets them run in the common pool. */
  private static final String BULK_PARALLEL = "java/util/concurrent/ConcurrentHashMap";

  /** Methods that javac calls to build lambdas, strings, records and switches. */
  private static final Set<String> BOOTSTRAPS =
      Set.of(
          "java/lang/invoke/LambdaMetafactory.metafactory",
          "java/lang/invoke/LambdaMetafactory.altMetafactory",
          "java/lang/invoke/StringConcatFactory.makeConcatWithConstants",
          "java/lang/invoke/StringConcatFactory.makeConcat",
          "java/lang/runtime/ObjectMethods.bootstrap",
          "java/lang/runtime/SwitchBootstraps.typeSwitch",
          "java/lang/runtime/SwitchBootstraps.enumSwitch");

  /** Named by class files because of those methods; no member of theirs may be called. */
  private static final Set<String> NAMED_BY_JAVAC =
      Set.of(
          "java/lang/invoke/LambdaMetafactory",
          "java/lang/invoke/StringConcatFactory",
          "java/lang/invoke/MethodHandles",
          "java/lang/invoke/MethodHandles$Lookup",
          "java/lang/runtime/ObjectMethods",
          "java/lang/runtime/SwitchBootstraps");

  /** The list for solutions, over {@code java.base}. */
  static final Allowlist JAVA_BASE = new Allowlist(false);

  /** For tests of the layers behind this one: refuses nothing. */
  static final Allowlist EVERYTHING = new Allowlist(true);

  private final boolean everything;
  private final Set<String> whole = new HashSet<>();
  private final Set<String> packages = new HashSet<>();
  private final Map<String, Set<String>> only = new HashMap<>();
  private final Map<String, Set<String>> except = new HashMap<>();

  private Allowlist(boolean everything) {
    this.everything = everything;
    String home = "";
    for (String word : WHOLE.split("\\s+")) {
      if (word.endsWith(":")) {
        home = word.substring(0, word.length() - 1).replace('.', '/');
      } else if (word.equals("*")) {
        packages.add(home);
      } else {
        whole.add(home + "/" + word);
      }
    }
    ONLY.forEach((type, members) -> only.put(type, Set.of(members.split(" "))));
    EXCEPT.forEach((type, members) -> except.put(type, Set.of(members.split(" "))));
  }

  boolean allowsEverything() {
    return everything;
  }

  /** Whether a class of the JDK may be named. */
  boolean allowsClass(String type) {
    return everything || isWhole(type) || only.containsKey(type);
  }

  /** Whether a class of the JDK may be extended or implemented. */
  boolean allowsSubclass(String type) {
    return everything || (isWhole(type) && !type.equals(BULK_PARALLEL));
  }

  /** Whether javac itself may have named this class. */
  boolean isNamedByJavac(String type) {
    return NAMED_BY_JAVAC.contains(type);
  }

  /** Whether this is a bootstrap method that javac emits. */
  boolean allowsBootstrap(String owner, String name) {
    return everything || BOOTSTRAPS.contains(owner + "." + name);
  }

  /** Whether a method or field of a class of the JDK may be used. */
  boolean allowsMember(String owner, String name, String descriptor) {
    if (everything) {
      return true;
    }
    Set<String> named = only.get(owner);
    if (named != null) {
      return named.contains(name);
    }
    return isWhole(owner)
        && !NOWHERE.contains(name)
        && !name.startsWith("parallel") // the common pool: other threads
        && !except.getOrDefault(owner, Set.of()).contains(name)
        && !opensFile(owner, name, descriptor)
        // bulk operations with a threshold of parallelism
        && !(owner.equals(BULK_PARALLEL) && descriptor.startsWith("(J"));
  }

  /** The constructors of streams that take a file's name. */
  private static boolean opensFile(String owner, String name, String descriptor) {
    return name.equals("<init>")
        && (owner.equals("java/io/PrintStream") || owner.equals("java/io/PrintWriter"))
        && descriptor.startsWith("(Ljava/lang/String;");
  }

  private boolean isWhole(@Nullable String type) {
    if (type == null) {
      return false;
    }
    int slash = type.lastIndexOf('/');
    String home = slash < 0 ? "" : type.substring(0, slash);
    int nested = type.indexOf('$');
    return whole.contains(nested < 0 ? type : type.substring(0, nested))
        || packages.contains(home)
        || isException(home, type);
  }

  private static boolean isException(String home, String type) {
    return (home.equals("java/lang") || home.equals("java/util") || home.equals("java/io"))
        && type.indexOf('$') < 0
        && (type.endsWith("Exception") || type.endsWith("Error"));
  }
}
