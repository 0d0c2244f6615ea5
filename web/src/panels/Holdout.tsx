/** What a model expected of groups of customers beside what they did: two bars for each group, in one scale. */
import { useShop } from "@/api/shop";
import type { Answer } from "@/api/types";
import { numberOf } from "@/panels/answers";
import styles from "@/panels/found.module.css";

export function Holdout({ answer }: { answer: Answer }) {
  const { format } = useShop();
  const sides = ["expected_each", "actual_each"] as const;
  const most = Math.max(...answer.rows.flatMap((row) => sides.map((name) => numberOf(row[name]) ?? 0)), 0);
  return (
    <>
      {answer.sentences.map((sentence) => (
        <p key={sentence.text} className={styles.holdoutSaid}>
          {sentence.text}
        </p>
      ))}
      <table className={styles.holdout}>
        <thead>
          <tr>
            <th scope="col">Repeat orders before</th>
            <th scope="col">Customers</th>
            <th scope="col">Orders of each: expected, then actual</th>
          </tr>
        </thead>
        <tbody>
          {answer.rows.map((row) => (
            <tr key={String(row.repeat_orders)}>
              <th scope="row">{String(row.repeat_orders)}</th>
              <td>{format.count(row.customers)}</td>
              <td>
                {sides.map((name) => (
                  <div key={name} className={styles.holdoutBar} data-side={name}>
                    <i style={{ width: `${most ? ((numberOf(row[name]) ?? 0) / most) * 100 : 0}%` }} />
                    <span>{format.full(row[name], "ratio")}</span>
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
