/** A picture's figures as a table: all that the panel's answer has. */
import type { Answer } from "@/api/types";
import { useShop } from "@/api/shop";
import { useDrill } from "@/panels/useDrill";
import { answerColumns } from "@/panels/columns";
import { DataTable } from "@/ui/DataTable";

export function AnswerTable({ answer, height }: { answer: Answer; height: number }) {
  const { format } = useShop();
  const drill = useDrill();
  return (
    <DataTable
      label="Figures"
      columns={answerColumns({ answer, format, onDrill: drill })}
      rows={answer.rows}
      rowKey={(_, index) => String(index)}
      maxHeight={Math.max(height, 260)}
      totals={answer.totals !== null}
    />
  );
}
