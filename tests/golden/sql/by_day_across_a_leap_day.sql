SELECT
  *
FROM (
  SELECT
    "t7"."bucket",
    MAX("t7"."orders") AS "orders",
    MAX("t7"."orders__compare") AS "orders__compare"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."bucket",
        "t3"."orders",
        CAST(NULL AS BIGINT) AS "orders__compare"
      FROM (
        SELECT
          "t1"."day" AS "bucket",
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
            "t0"."kind" IN ('sale', 'order')
            AND NOT (
              "t0"."is_cancelled"
            )
            AND "t0"."day" >= MAKE_DATE(2024, 2, 27)
            AND "t0"."day" <= MAKE_DATE(2024, 3, 2)
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
        CAST(NULL AS BIGINT) AS "orders",
        "t4"."orders__compare"
      FROM (
        SELECT
          CASE
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 2, 27)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 2, 28)
            )
            THEN "t2"."day" + INTERVAL '365' DAY
            WHEN (
              "t2"."day" >= MAKE_DATE(2023, 3, 1)
            )
            AND (
              "t2"."day" <= MAKE_DATE(2023, 3, 2)
            )
            THEN "t2"."day" + INTERVAL '366' DAY
            ELSE CAST(NULL AS DATE)
          END AS "bucket",
          COUNT(*) FILTER(WHERE
            "t2"."is_first_line"
            AND (
              "t2"."kind" IN ('sale', 'order') AND NOT (
                "t2"."is_cancelled"
              )
            )) AS "orders__compare"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."kind" IN ('sale', 'order')
            AND NOT (
              "t0"."is_cancelled"
            )
            AND "t0"."day" >= MAKE_DATE(2023, 2, 27)
            AND "t0"."day" <= MAKE_DATE(2023, 3, 2)
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
