SELECT
  *
FROM (
  SELECT
    DATE_TRUNC('MONTH', "t1"."day") AS "bucket",
    SUM("t1"."revenue") AS "revenue",
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
      NOT (
        (
          COALESCE("t0"."country" = 'France', FALSE)
          AND COALESCE("t0"."channel" = 'web', FALSE)
        )
        OR (
          COALESCE("t0"."country" = 'Spain', FALSE) AND (
            "t0"."channel" IS NULL
          )
        )
      )
      AND (
        (
          "t0"."revenue" <> 0
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
    1
) AS "t2"
WHERE
  "t2"."bucket" IS NOT NULL
