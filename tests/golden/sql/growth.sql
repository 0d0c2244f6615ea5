SELECT
  MAX("t7"."revenue") AS "revenue",
  MAX("t7"."revenue__previous") AS "revenue__previous"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t3"."revenue",
      CAST(NULL AS DECIMAL(38, 6)) AS "revenue__previous"
    FROM (
      SELECT
        SUM("t1"."revenue") AS "revenue"
      FROM (
        SELECT
          *
        FROM "sales" AS "t0"
        WHERE
          "t0"."day" >= MAKE_DATE(2024, 10, 1) AND "t0"."day" <= MAKE_DATE(2024, 10, 31)
      ) AS "t1"
    ) AS "t3"
  ) AS "t5"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      CAST(NULL AS DECIMAL(38, 6)) AS "revenue",
      "t4"."revenue__previous"
    FROM (
      SELECT
        SUM("t2"."revenue") AS "revenue__previous"
      FROM (
        SELECT
          *
        FROM "sales" AS "t0"
        WHERE
          "t0"."day" >= MAKE_DATE(2024, 9, 1) AND "t0"."day" <= MAKE_DATE(2024, 9, 30)
      ) AS "t2"
    ) AS "t4"
  ) AS "t6"
) AS "t7"
