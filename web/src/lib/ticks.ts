/** Which buckets of a time axis get a label, so that labels never touch and fall on round places. */
import { toDate, type Grain } from "@/lib/days";

/** Candidate steps by grain, finest first: each says whether a bucket is on it. */
const STEPS: Record<string, ((date: Date, index: number) => boolean)[]> = {
  day: [
    () => true,
    (_, index) => index % 2 === 0,
    (date) => date.getUTCDay() === 1,
    (date) => date.getUTCDate() === 1 || date.getUTCDate() === 15,
    (date) => date.getUTCDate() === 1,
    (date) => date.getUTCDate() === 1 && date.getUTCMonth() % 3 === 0,
    (date) => date.getUTCDate() === 1 && date.getUTCMonth() % 6 === 0,
    (date) => date.getUTCDate() === 1 && date.getUTCMonth() === 0,
  ],
  week: [
    () => true,
    (_, index) => index % 2 === 0,
    (date) => date.getUTCDate() <= 7,
    (date) => date.getUTCDate() <= 7 && date.getUTCMonth() % 3 === 0,
    (date) => date.getUTCDate() <= 7 && date.getUTCMonth() % 6 === 0,
    (date) => date.getUTCDate() <= 7 && date.getUTCMonth() === 0,
  ],
  month: [
    () => true,
    (date) => date.getUTCMonth() % 2 === 0,
    (date) => date.getUTCMonth() % 3 === 0,
    (date) => date.getUTCMonth() % 6 === 0,
    (date) => date.getUTCMonth() === 0,
  ],
};

/** The indices to label, given how many labels have room. */
export function tickIndices(starts: readonly string[], grain: Grain, room: number): Set<number> {
  const most = Math.max(2, room);
  for (const on of STEPS[grain] ?? []) {
    const found = starts.flatMap((start, index) => (on(toDate(start), index) ? [index] : []));
    if (found.length <= most && found.length > 1) return new Set(found);
  }
  const step = Math.max(1, Math.ceil(starts.length / most));
  return new Set(starts.flatMap((_, index) => (index % step === 0 ? [index] : [])));
}
