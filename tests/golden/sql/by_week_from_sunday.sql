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
          DATE_TRUNC('WEEK', "t1"."day" + INTERVAL '-6' DAY) + INTERVAL '6' DAY AS "bucket",
          SUM("t1"."revenue") AS "revenue"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2024, 10, 22)
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
          DATE_TRUNC('WEEK', "t2"."day" + INTERVAL '30' DAY + INTERVAL '-6' DAY) + INTERVAL '6' DAY AS "bucket",
          SUM("t2"."revenue") AS "revenue__compare"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2024, 9, 22)
            AND "t0"."day" <= MAKE_DATE(2024, 10, 21)
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
