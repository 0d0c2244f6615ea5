SELECT
  SUM("t1"."revenue") AS "revenue",
  COUNT(*) FILTER(WHERE
    "t1"."is_first_line"
    AND (
      "t1"."kind" IN ('sale', 'order') AND NOT (
        "t1"."is_cancelled"
      )
    )) AS "orders"
FROM (
  SELECT
    *
  FROM "sales" AS "t0"
  WHERE
    "t0"."day" >= MAKE_DATE(2023, 1, 10) AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
) AS "t1"
