// Which of two attempts is better by what comes first: pods placed, from the highest priority down. Price is not looked at.
import type { Attempt } from './attempt.ts';

/** Whether an attempt places more pods of the highest priority in which the two differ. */
export function placesMore(attempt: Attempt, best: Attempt): boolean {
  const differences = new Map<number, number>();
  const count = ({ left }: Attempt, sign: number): void => {
    for (const { shape, count: pods } of left) {
      const { priority } = shape.input.shape;
      differences.set(priority, (differences.get(priority) ?? 0) + sign * pods);
    }
  };
  count(attempt, 1);
  count(best, -1);
  const decisive = [...differences].filter(([, pods]) => pods !== 0).sort(([left], [right]) => right - left)[0];
  return decisive !== undefined && decisive[1] < 0;
}
