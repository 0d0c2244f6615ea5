/** Calendars for a span of days and for one day. Loaded when they are opened. */
import { DatePicker } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { useState } from "react";
import styles from "@/ui/calendar.module.css";
import { WEEKDAYS, type Span } from "@/lib/days";

const first = (weekStart: string) => ((WEEKDAYS.indexOf(weekStart as (typeof WEEKDAYS)[number]) + 1) % 7) as 0;

const LABELS = {
  previousMonth: "Previous month",
  nextMonth: "Next month",
  previousYear: "Previous year",
  nextYear: "Next year",
  previousDecade: "Previous decade",
  nextDecade: "Next decade",
  monthLevelControl: "Choose a month",
  yearLevelControl: "Choose a year",
};

interface RangeProps {
  span: Span;
  weekStart: string;
  onChoose: (span: Span) => void;
}

export function RangeCalendar({ span, weekStart, onChoose }: RangeProps) {
  const [days, setDays] = useState<[string | null, string | null]>([span.start, span.end]);
  return (
    <DatePicker
      type="range"
      size="sm"
      hideOutsideDates
      ariaLabels={LABELS}
      classNames={{ day: styles.day }}
      allowSingleDateInRange
      defaultDate={span.end}
      firstDayOfWeek={first(weekStart)}
      value={days}
      onChange={([start, end]) => {
        setDays([start, end]);
        if (start && end) onChoose({ start, end });
      }}
    />
  );
}

interface DayProps {
  day: string | null;
  last: string;
  weekStart: string;
  onChoose: (day: string) => void;
}

export function DayCalendar({ day, last, weekStart, onChoose }: DayProps) {
  return (
    <DatePicker
      size="sm"
      hideOutsideDates
      ariaLabels={LABELS}
      classNames={{ day: styles.day }}
      defaultDate={day ?? last}
      firstDayOfWeek={first(weekStart)}
      value={day}
      onChange={(chosen) => {
        if (chosen) onChoose(chosen);
      }}
    />
  );
}
