SELECT
  *
FROM (
  SELECT
    "t8"."campaign_id",
    MAX("t8"."marketing_spend") AS "marketing_spend",
    MAX("t8"."new_customers") AS "new_customers"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t4"."campaign_id",
        "t4"."marketing_spend",
        CAST(NULL AS BIGINT) AS "new_customers"
      FROM (
        SELECT
          "t2"."campaign_id",
          SUM("t2"."amount") AS "marketing_spend"
        FROM (
          SELECT
            *
          FROM "marketing_spend_days" AS "t0"
          WHERE
            "t0"."day" >= MAKE_DATE(2023, 1, 10) AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
        ) AS "t2"
        GROUP BY
          1
      ) AS "t4"
    ) AS "t5"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t6"."campaign_id",
        CAST(NULL AS DECIMAL(38, 6)) AS "marketing_spend",
        "t6"."new_customers"
      FROM (
        SELECT
          "t3"."campaign_id",
          COUNT(
            DISTINCT CASE
              WHEN "t3"."kind" IN ('sale', 'order')
              AND NOT (
                "t3"."is_cancelled"
              )
              AND COALESCE("t3"."customer_first_day" >= MAKE_DATE(2023, 1, 10), FALSE)
              THEN "t3"."customer_key"
              ELSE CAST(NULL AS BIGINT)
            END
          ) AS "new_customers"
        FROM (
          SELECT
            *
          FROM "sales" AS "t1"
          WHERE
            "t1"."kind" IN ('sale', 'order')
            AND NOT (
              "t1"."is_cancelled"
            )
            AND COALESCE("t1"."customer_first_day" >= MAKE_DATE(2023, 1, 10), FALSE)
            AND "t1"."day" >= MAKE_DATE(2023, 1, 10)
            AND "t1"."day" <= MAKE_DATE(2024, 11, 20)
        ) AS "t3"
        GROUP BY
          1
      ) AS "t6"
    ) AS "t7"
  ) AS "t8"
  GROUP BY
    1
) AS "t9"
ORDER BY
  (
    CAST("t9"."marketing_spend" AS DOUBLE) * 1
  ) / NULLIF(CAST("t9"."new_customers" AS DOUBLE) * 1, 0) DESC,
  "t9"."campaign_id" ASC
