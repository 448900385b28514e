package io.bucketfs.nfs.state;

import org.jspecify.annotations.Nullable;

/**
 * All ranges that are locked in one file: a balanced (AVL) tree by first byte, in which each node
 * knows how far the ranges below it reach, so that a conflict is found in logarithmic time however
 * many owners and ranges there are. Not thread-safe.
 *
 * <p>Ranges of one owner are disjoint; those of several overlap where all of them are shared.
 */
final class LockTree {
  private @Nullable Node root;
  private int size;

  private static final class Node {
    HeldLock held;
    int height = 1;
    @Nullable Node left;
    @Nullable Node right;

    /** The last byte of all ranges from here down. */
    long last;

    /** The same for those that are locked exclusively. */
    long lastExclusive;

    /** Whether any from here down is locked exclusively. */
    boolean anyExclusive;

    Node(HeldLock held) {
      this.held = held;
      update();
    }

    void update() {
      last = held.range().last();
      anyExclusive = held.exclusive();
      lastExclusive = last;
      height = 1;
      take(left);
      take(right);
    }

    private void take(@Nullable Node child) {
      if (child == null) {
        return;
      }
      height = Math.max(height, child.height + 1);
      if (Long.compareUnsigned(child.last, last) > 0) {
        last = child.last;
      }
      if (child.anyExclusive
          && (!anyExclusive || Long.compareUnsigned(child.lastExclusive, lastExclusive) > 0)) {
        lastExclusive = child.lastExclusive;
      }
      anyExclusive |= child.anyExclusive;
    }

    boolean reaches(long first, boolean exclusiveOnly) {
      return exclusiveOnly
          ? anyExclusive && Long.compareUnsigned(lastExclusive, first) >= 0
          : Long.compareUnsigned(last, first) >= 0;
    }
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return root == null;
  }

  void add(HeldLock held) {
    root = add(root, held);
    size++;
  }

  void remove(HeldLock held) {
    root = remove(root, held);
    size--;
  }

  /**
   * The first range of others that keeps an owner from locking the given one, or null.
   *
   * @param owner null for one that has no locks in this file
   */
  @Nullable HeldLock conflict(ByteRange range, boolean exclusive, @Nullable LockState owner) {
    return conflict(root, range, exclusive, owner);
  }

  private static @Nullable HeldLock conflict(
      @Nullable Node node, ByteRange range, boolean exclusive, @Nullable LockState owner) {
    if (node == null || !node.reaches(range.first(), !exclusive)) {
      return null;
    }
    var below = conflict(node.left, range, exclusive, owner);
    if (below != null) {
      return below;
    }
    var held = node.held;
    if (Long.compareUnsigned(held.range().first(), range.last()) > 0) {
      return null; // all that is right of here begins even later
    }
    if ((exclusive || held.exclusive()) && held.holder() != owner && held.range().overlaps(range)) {
      return held;
    }
    return conflict(node.right, range, exclusive, owner);
  }

  private static int compare(HeldLock a, HeldLock b) {
    var byFirst = Long.compareUnsigned(a.range().first(), b.range().first());
    return byFirst != 0 ? byFirst : Long.compareUnsigned(a.holder().tag(), b.holder().tag());
  }

  private static Node add(@Nullable Node node, HeldLock held) {
    if (node == null) {
      return new Node(held);
    }
    if (compare(held, node.held) < 0) {
      node.left = add(node.left, held);
    } else {
      node.right = add(node.right, held);
    }
    return balance(node);
  }

  private static @Nullable Node remove(@Nullable Node node, HeldLock held) {
    if (node == null) {
      throw new IllegalStateException(held + " is not in the tree");
    }
    var order = compare(held, node.held);
    if (order < 0) {
      node.left = remove(node.left, held);
    } else if (order > 0) {
      node.right = remove(node.right, held);
    } else if (node.left == null) {
      return node.right;
    } else if (node.right == null) {
      return node.left;
    } else {
      var next = leftmost(node.right);
      node.right = remove(node.right, next);
      node.held = next;
    }
    return balance(node);
  }

  private static HeldLock leftmost(Node from) {
    var node = from;
    for (var next = node.left; next != null; next = next.left) {
      node = next;
    }
    return node.held;
  }

  private static Node balance(Node node) {
    node.update();
    var left = node.left;
    var right = node.right;
    var tilt = height(left) - height(right);
    if (tilt > 1 && left != null) {
      if (height(left.left) < height(left.right)) {
        node.left = rotateLeft(left);
      }
      return rotateRight(node);
    }
    if (tilt < -1 && right != null) {
      if (height(right.right) < height(right.left)) {
        node.right = rotateRight(right);
      }
      return rotateLeft(node);
    }
    return node;
  }

  private static int height(@Nullable Node node) {
    return node == null ? 0 : node.height;
  }

  private static Node rotateRight(Node node) {
    var top = node.left;
    if (top == null) {
      return node;
    }
    node.left = top.right;
    top.right = node;
    node.update();
    top.update();
    return top;
  }

  private static Node rotateLeft(Node node) {
    var top = node.right;
    if (top == null) {
      return node;
    }
    node.right = top.left;
    top.left = node;
    node.update();
    top.update();
    return top;
  }
}
