WITH "t4" AS (
  SELECT
    "t2"."country",
    DATE_TRUNC('MONTH', GREATEST("t2"."day", MAKE_DATE(2024, 7, 1))) AS "bucket",
    SUM("t2"."customers") AS "customers_ever__to_date",
    SUM("t2"."active") AS "active_customers__to_date"
  FROM (
    SELECT
      *
    FROM "customer_events" AS "t0"
    WHERE
      (
        (
          "t0"."customers" <> 0
        ) OR (
          "t0"."active" <> 0
        )
      )
      AND "t0"."day" <= MAKE_DATE(2024, 9, 30)
  ) AS "t2"
  GROUP BY
    1,
    2
)
SELECT
  *
FROM (
  SELECT
    "t13"."country",
    "t13"."bucket",
    SUM("t13"."customers_ever__to_date") OVER (
      PARTITION BY "t13"."country"
      ORDER BY "t13"."bucket" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "customers_ever__to_date",
    SUM("t13"."active_customers__to_date") OVER (
      PARTITION BY "t13"."country"
      ORDER BY "t13"."bucket" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "active_customers__to_date"
  FROM (
    SELECT
      "t12"."country",
      "t12"."bucket",
      SUM("t12"."customers_ever__to_date") AS "customers_ever__to_date",
      SUM("t12"."active_customers__to_date") AS "active_customers__to_date"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM "t4" AS "t6"
        WHERE
          "t6"."bucket" IS NOT NULL
      ) AS "t7"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t10"."country",
          "t10"."bucket",
          CAST(NULL AS BIGINT) AS "customers_ever__to_date",
          CAST(NULL AS BIGINT) AS "active_customers__to_date"
        FROM (
          SELECT
            "t9"."country",
            "t5"."bucket"
          FROM (
            SELECT DISTINCT
              "t6"."country"
            FROM "t4" AS "t6"
            WHERE
              "t6"."bucket" IS NOT NULL
          ) AS "t9"
          CROSS JOIN (
            SELECT
              CASE
                WHEN "t1"."step" = 0
                THEN MAKE_DATE(2024, 7, 1)
                WHEN "t1"."step" = 1
                THEN MAKE_DATE(2024, 8, 1)
                WHEN "t1"."step" = 2
                THEN MAKE_DATE(2024, 9, 1)
                ELSE NULL
              END AS "bucket"
            FROM (
              SELECT
                UNNEST(RANGE(0, 3, 1)) AS "step"
            ) AS "t1"
          ) AS "t5"
        ) AS "t10"
      ) AS "t11"
    ) AS "t12"
    GROUP BY
      1,
      2
  ) AS "t13"
) AS "t14"
ORDER BY
  "t14"."bucket" ASC,
  "t14"."country" ASC
