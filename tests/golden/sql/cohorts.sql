SELECT
  *
FROM (
  SELECT
    "t2"."cohort",
    "t2"."cohort_age",
    "t2"."cohort_customers",
    MAX(
      CASE
        WHEN "t2"."cohort_age" = 0
        THEN "t2"."cohort_customers"
        ELSE CAST(NULL AS BIGINT)
      END
    ) OVER (
      PARTITION BY "t2"."cohort"
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS "cohort_customers__cohort_start"
  FROM (
    SELECT
      MAKE_DATE(
        EXTRACT(year FROM "t1"."customer_first_day"),
        EXTRACT(month FROM "t1"."customer_first_day"),
        1
      ) AS "cohort",
      (
        (
          EXTRACT(year FROM "t1"."day") - EXTRACT(year FROM "t1"."customer_first_day")
        ) * 12
      ) + (
        EXTRACT(month FROM "t1"."day") - EXTRACT(month FROM "t1"."customer_first_day")
      ) AS "cohort_age",
      COUNT(
        DISTINCT CASE
          WHEN "t1"."kind" IN ('sale', 'order')
          AND NOT (
            "t1"."is_cancelled"
          )
          AND COALESCE("t1"."customer_first_day" >= MAKE_DATE(2023, 1, 10), FALSE)
          THEN "t1"."customer_key"
          ELSE CAST(NULL AS BIGINT)
        END
      ) AS "cohort_customers"
    FROM (
      SELECT
        *
      FROM "sales" AS "t0"
      WHERE
        "t0"."kind" IN ('sale', 'order')
        AND NOT (
          "t0"."is_cancelled"
        )
        AND COALESCE("t0"."customer_first_day" >= MAKE_DATE(2023, 1, 10), FALSE)
        AND "t0"."day" >= MAKE_DATE(2023, 1, 10)
        AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
    ) AS "t1"
    GROUP BY
      1,
      2
  ) AS "t2"
) AS "t3"
ORDER BY
  "t3"."cohort" ASC,
  "t3"."cohort_age" ASC
