SELECT
  *
FROM (
  SELECT
    "t7"."bucket",
    MAX("t7"."revenue") AS "revenue",
    MAX("t7"."revenue__compare") AS "revenue__compare"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."bucket",
        "t3"."revenue",
        CAST(NULL AS DECIMAL(38, 6)) AS "revenue__compare"
      FROM (
        SELECT
          DATE_TRUNC('MONTH', "t1"."day") AS "bucket",
          SUM("t1"."revenue") AS "revenue"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2024, 1, 1)
            AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
        ) AS "t1"
        GROUP BY
          1
      ) AS "t3"
      WHERE
        "t3"."bucket" IS NOT NULL
    ) AS "t5"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t4"."bucket",
        CAST(NULL AS DECIMAL(38, 6)) AS "revenue",
        "t4"."revenue__compare"
      FROM (
        SELECT
          CASE
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 1, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 1, 31)
            )
            THEN MAKE_DATE(2024, 1, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 2, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 2, 28)
            )
            THEN MAKE_DATE(2024, 2, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 3, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 3, 31)
            )
            THEN MAKE_DATE(2024, 3, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 4, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 4, 30)
            )
            THEN MAKE_DATE(2024, 4, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 5, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 5, 31)
            )
            THEN MAKE_DATE(2024, 5, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 6, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 6, 30)
            )
            THEN MAKE_DATE(2024, 6, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 7, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 7, 31)
            )
            THEN MAKE_DATE(2024, 7, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 8, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 8, 31)
            )
            THEN MAKE_DATE(2024, 8, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 9, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 9, 30)
            )
            THEN MAKE_DATE(2024, 9, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 10, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 10, 31)
            )
            THEN MAKE_DATE(2024, 10, 1)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 11, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 11, 20)
            )
            THEN MAKE_DATE(2024, 11, 1)
            ELSE CAST(NULL AS DATE)
          END AS "bucket",
          SUM("t2"."revenue") AS "revenue__compare"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2023, 1, 1)
            AND "t0"."day" <= MAKE_DATE(2023, 11, 20)
        ) AS "t2"
        GROUP BY
          1
      ) AS "t4"
      WHERE
        "t4"."bucket" IS NOT NULL
    ) AS "t6"
  ) AS "t7"
  GROUP BY
    1
) AS "t8"
ORDER BY
  "t8"."bucket" ASC
