SELECT
  *
FROM (
  SELECT
    "t7"."bucket",
    MAX("t7"."revenue") AS "revenue",
    MAX("t7"."revenue__last_year") AS "revenue__last_year"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."bucket",
        "t3"."revenue",
        CAST(NULL AS DECIMAL(38, 6)) AS "revenue__last_year"
      FROM (
        SELECT
          CASE
            WHEN (
              "t1"."day" >= MAKE_DATE(2024, 2, 4)
            )
            AND (
              "t1"."day" <= MAKE_DATE(2024, 3, 2)
            )
            THEN MAKE_DATE(2024, 2, 4)
            WHEN (
              "t1"."day" >= MAKE_DATE(2024, 3, 3)
            )
            AND (
              "t1"."day" <= MAKE_DATE(2024, 4, 6)
            )
            THEN MAKE_DATE(2024, 3, 3)
            WHEN (
              "t1"."day" >= MAKE_DATE(2024, 4, 7)
            )
            AND (
              "t1"."day" <= MAKE_DATE(2024, 5, 4)
            )
            THEN MAKE_DATE(2024, 4, 7)
            ELSE CAST(NULL AS DATE)
          END AS "bucket",
          SUM("t1"."revenue") AS "revenue"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2024, 2, 4)
            AND "t0"."day" <= MAKE_DATE(2024, 5, 4)
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
        "t4"."revenue__last_year"
      FROM (
        SELECT
          CASE
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 1, 29)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 2, 25)
            )
            THEN MAKE_DATE(2024, 2, 4)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 2, 26)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 4, 1)
            )
            THEN MAKE_DATE(2024, 3, 3)
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 4, 2)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 4, 29)
            )
            THEN MAKE_DATE(2024, 4, 7)
            ELSE CAST(NULL AS DATE)
          END AS "bucket",
          SUM("t2"."revenue") AS "revenue__last_year"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2023, 1, 29)
            AND "t0"."day" <= MAKE_DATE(2023, 4, 29)
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
