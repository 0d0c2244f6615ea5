/** Finding a metric or a dimension by its name, its meaning, or the word that people use for it. */

/** Words of the trade for things that the catalogue names otherwise. */
const SYNONYMS: Record<string, readonly string[]> = {
  aov: ["average order value"],
  basket: ["average order value", "items per order"],
  turnover: ["revenue"],
  takings: ["revenue"],
  income: ["revenue"],
  gmv: ["gross sales"],
  profit: ["gross profit", "margin"],
  markup: ["margin"],
  refund: ["returns"],
  clv: ["lifetime value"],
  ltv: ["lifetime value"],
  cltv: ["lifetime value"],
  cac: ["acquisition cost"],
  loyalty: ["repeat", "retention", "returning"],
  yoy: ["year-over-year"],
  growth: ["year-over-year"],
  postage: ["shipping"],
  vat: ["taxes"],
  rebate: ["discount"],
  sku: ["product"],
  article: ["product"],
  source: ["traffic", "referrer"],
  region: ["country", "state", "city"],
};

export interface Findable {
  title: string;
  /** Everything else that it is about: formula, description, basis. */
  about: string;
}

/** The items that fit every word, the closest first: in the title, then in the meaning. */
export function find<T extends Findable>(items: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [...items];
  const score = (item: T): number => {
    const title = item.title.toLowerCase();
    const about = `${title} ${item.about.toLowerCase()}`;
    let sum = 0;
    for (const word of words) {
      if (title.startsWith(word)) sum += 4;
      else if (title.includes(word)) sum += 3;
      else if (SYNONYMS[word]?.some((other) => title.includes(other))) sum += 2;
      else if (about.includes(word)) sum += 1;
      else return 0;
    }
    return sum;
  };
  return items
    .map((item, index) => ({ item, index, score: score(item) }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map((one) => one.item);
}
