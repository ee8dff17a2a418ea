/** A segment with the one that it is part of, if any. */
export interface TreeNode {
  readonly id: string;
  readonly parentId: string | null;
}

/**
 * Decides which of the `given` segments may enter the catalogue, so that it stays a forest: every parent exists, and no
 * segment is its own ancestor. They enter in the order of `given`, but a new parent may stand after its children. The answer
 * has the ids that may not.
 *
 * `catalogue` maps id → parent id, of all that is stored, or at least of the given ids, their parents and all ancestors
 * of both; it is changed to what holds afterwards. No id may stand in `given` twice. O(n) plus the depth of the catalogue
 * for each stored segment that changes its parent.
 */
export function placeSegments(given: readonly TreeNode[], catalogue: Map<string, string | null>): ReadonlySet<string> {
  const refused = new Set<string>();
  /** Parent id → those that wait for it to be placed. */
  const waiting = new Map<string, TreeNode[]>();
  const ready: TreeNode[] = [];
  for (const node of given) {
    if (node.parentId === null || catalogue.has(node.parentId)) ready.push(node);
    else if (!waiting.get(node.parentId)?.push(node)) waiting.set(node.parentId, [node]);
  }
  for (const node of ready) {
    if (isOwnAncestor(node, catalogue)) {
      refused.add(node.id);
      continue;
    }
    catalogue.set(node.id, node.parentId);
    ready.push(...(waiting.get(node.id) ?? []));
    waiting.delete(node.id);
  }
  // What waits for a parent that never came, or waits in a circle, is left over.
  for (const nodes of waiting.values()) for (const { id } of nodes) refused.add(id);
  return refused;
}

/** A segment that is new to the catalogue has no children there, thus can't be an ancestor of its parent. */
function isOwnAncestor({ id, parentId }: TreeNode, catalogue: ReadonlyMap<string, string | null>): boolean {
  if (id === parentId) return true;
  if (!catalogue.has(id) || catalogue.get(id) === parentId) return false;
  for (let ancestor = parentId; ancestor !== null; ancestor = catalogue.get(ancestor) ?? null) {
    if (ancestor === id) return true;
  }
  return false;
}
