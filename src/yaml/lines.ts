/** Takes offsets in a text to its lines and columns, both 1-based. Columns count UTF-16 code units. */
export class LineTable {
  private readonly starts: number[] = [0];
  private readonly first: number;

  /** `first` is the number of the text's first line. */
  constructor(text: string, first = 1) {
    this.first = first;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  at(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.starts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: this.first + low, column: offset - (this.starts[low] ?? 0) + 1 };
  }

  /** Where a line starts. */
  offsetOf(line: number): number {
    return this.starts[line - this.first] ?? 0;
  }
}
