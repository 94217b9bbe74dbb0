/** Steps back and forward, the oldest forgotten first. */
export class Undo<T> {
  private past: T[] = [];
  private future: T[] = [];

  constructor(private readonly limit: number) {}

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  push(step: T): void {
    this.past.push(step);
    if (this.past.length > this.limit) this.past.shift();
    this.future = [];
  }

  back(): T | undefined {
    const step = this.past.pop();
    if (step !== undefined) this.future.push(step);
    return step;
  }

  forward(): T | undefined {
    const step = this.future.pop();
    if (step !== undefined) this.past.push(step);
    return step;
  }
}
