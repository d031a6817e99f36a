/* Where something that is dragged may be put down, and where the marker stands. GrapesJS keeps a band at each element's edge
   for the element around it, and guesses from CSS whether elements stand side by side; the tree of a mail says both better. */
(() => {
  "use strict";
  const BESIDE = ["mj-column", "mj-group"];

  /* Elements of a mail stand one below the other, but for columns that a phone has not stacked. */
  const stacked = (element) => {
    if (!BESIDE.includes(element.dataset.gjsType)) return true;
    const next = element.nextElementSibling || element.previousElementSibling;
    return Boolean(next) && next.offsetLeft === element.offsetLeft;
  };

  /* The band at the edge counts only where the element around would take what is dragged; elsewhere nothing could be put there. */
  const reaching = (Node, dragged) => class extends Node {
    isWithinDropBounds(x, y) {
      const around = this.getParent();
      if (around && dragged().some((each) => around.canMove(each, 0))) return super.isWithinDropBounds(x, y);
      return Boolean(this.nodeDimensions?.isWithinBounds(x, y));
    }
  };

  window.designSorter = (Sorter) => class extends Sorter {
    constructor(options) {
      let sorter = null;
      super({ ...options, treeClass: reaching(options.treeClass, () => sorter?.sourceNodes || []) });
      sorter = this;
      this.dropLocationDeterminer.getDirection = stacked;
    }
  };
})();
