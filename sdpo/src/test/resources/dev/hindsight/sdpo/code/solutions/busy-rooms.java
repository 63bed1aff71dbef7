import java.io.*;
import java.util.*;

public class Solution {
  record Event(int time, int change) implements Comparable<Event> {
    public int compareTo(Event o) {
      return time != o.time ? Integer.compare(time, o.time) : Integer.compare(change, o.change);
    }
  }

  public static void main(String[] args) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    int n = Integer.parseInt(in.readLine().trim());
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      StringTokenizer line = new StringTokenizer(in.readLine());
      events.add(new Event(Integer.parseInt(line.nextToken()), 1));
      events.add(new Event(Integer.parseInt(line.nextToken()), -1));
    }
    Collections.sort(events);
    int now = 0, most = 0;
    for (Event e : events) {
      now += e.change();
      most = Math.max(most, now);
    }
    System.out.println(most);
  }
}
