SELECT
  *
FROM (
  SELECT
    "t1"."channel",
    DATE_TRUNC('QUARTER', "t1"."day") AS "bucket",
    COUNT(
      DISTINCT CASE
        WHEN "t1"."kind" IN ('sale', 'order')
        AND NOT (
          "t1"."is_cancelled"
        )
        AND COALESCE(
          "t1"."customer_first_day" >= GREATEST(DATE_TRUNC('QUARTER', "t1"."day"), MAKE_DATE(2023, 1, 10)),
          FALSE
        )
        THEN "t1"."customer_key"
        ELSE CAST(NULL AS BIGINT)
      END
    ) AS "new_customers",
    COUNT(
      DISTINCT CASE
        WHEN "t1"."kind" IN ('sale', 'order') AND NOT (
          "t1"."is_cancelled"
        )
        THEN "t1"."customer_key"
        ELSE CAST(NULL AS BIGINT)
      END
    ) AS "customers"
  FROM (
    SELECT
      *
    FROM "sales" AS "t0"
    WHERE
      (
        (
          "t0"."kind" IN ('sale', 'order')
          AND NOT (
            "t0"."is_cancelled"
          )
          AND COALESCE("t0"."customer_first_day" >= MAKE_DATE(2023, 1, 10), FALSE)
        )
        OR (
          "t0"."kind" IN ('sale', 'order')
          AND NOT (
            "t0"."is_cancelled"
          )
          AND (
            "t0"."customer_key" IS NOT NULL
          )
        )
      )
      AND "t0"."day" >= MAKE_DATE(2023, 1, 10)
      AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
WHERE
  "t2"."bucket" IS NOT NULL
ORDER BY
  "t2"."bucket" ASC,
  "t2"."channel" ASC
