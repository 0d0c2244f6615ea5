SELECT
  *
FROM (
  SELECT
    CAST((
      DAYOFWEEK("t1"."day") + 6
    ) % 7 AS BIGINT) AS "weekday",
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
      "t0"."country" IN ('France', 'Spain')
      AND "t0"."kind" IN ('sale', 'order')
      AND NOT (
        "t0"."is_cancelled"
      )
      AND "t0"."day" >= MAKE_DATE(2023, 1, 10)
      AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."weekday" ASC
