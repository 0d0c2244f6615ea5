SELECT
  *
FROM (
  SELECT
    "t7"."country",
    MAX("t7"."second_purchases") AS "second_purchases",
    MAX("t7"."single_buyers") AS "single_buyers",
    MAX("t7"."second_purchases__compare") AS "second_purchases__compare",
    MAX("t7"."single_buyers__compare") AS "single_buyers__compare"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."country",
        "t3"."second_purchases",
        "t3"."single_buyers",
        CAST(NULL AS BIGINT) AS "second_purchases__compare",
        CAST(NULL AS BIGINT) AS "single_buyers__compare"
      FROM (
        SELECT
          "t1"."country",
          COUNT("t1"."customer_key") FILTER(WHERE
            COALESCE(
              (
                "t1"."first_day" < MAKE_DATE(2024, 10, 1)
              )
              AND (
                (
                  "t1"."second_day" IS NULL
                )
                OR (
                  "t1"."second_day" >= MAKE_DATE(2024, 10, 1)
                )
              )
              AND (
                "t1"."first_day" >= (
                  MAKE_DATE(2024, 10, 1) - INTERVAL '90' DAY
                )
              )
              AND (
                "t1"."second_day" <= MAKE_DATE(2024, 10, 31)
              ),
              FALSE
            )) AS "second_purchases",
          COUNT("t1"."customer_key") FILTER(WHERE
            COALESCE(
              (
                "t1"."first_day" < MAKE_DATE(2024, 10, 1)
              )
              AND (
                (
                  "t1"."second_day" IS NULL
                )
                OR (
                  "t1"."second_day" >= MAKE_DATE(2024, 10, 1)
                )
              )
              AND (
                "t1"."first_day" >= (
                  MAKE_DATE(2024, 10, 1) - INTERVAL '90' DAY
                )
              ),
              FALSE
            )) AS "single_buyers"
        FROM (
          SELECT
            *
          FROM "customer_facts" AS "t0"
          WHERE
            COALESCE(
              (
                "t0"."first_day" < MAKE_DATE(2024, 10, 1)
              )
              AND (
                (
                  "t0"."second_day" IS NULL
                )
                OR (
                  "t0"."second_day" >= MAKE_DATE(2024, 10, 1)
                )
              )
              AND (
                "t0"."first_day" >= (
                  MAKE_DATE(2024, 10, 1) - INTERVAL '90' DAY
                )
              )
              AND (
                "t0"."second_day" <= MAKE_DATE(2024, 10, 31)
              ),
              FALSE
            )
            OR COALESCE(
              (
                "t0"."first_day" < MAKE_DATE(2024, 10, 1)
              )
              AND (
                (
                  "t0"."second_day" IS NULL
                )
                OR (
                  "t0"."second_day" >= MAKE_DATE(2024, 10, 1)
                )
              )
              AND (
                "t0"."first_day" >= (
                  MAKE_DATE(2024, 10, 1) - INTERVAL '90' DAY
                )
              ),
              FALSE
            )
        ) AS "t1"
        GROUP BY
          1
      ) AS "t3"
    ) AS "t5"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t4"."country",
        CAST(NULL AS BIGINT) AS "second_purchases",
        CAST(NULL AS BIGINT) AS "single_buyers",
        "t4"."second_purchases__compare",
        "t4"."single_buyers__compare"
      FROM (
        SELECT
          "t2"."country",
          COUNT("t2"."customer_key") FILTER(WHERE
            COALESCE(
              (
                "t2"."first_day" < MAKE_DATE(2024, 9, 1)
              )
              AND (
                (
                  "t2"."second_day" IS NULL
                )
                OR (
                  "t2"."second_day" >= MAKE_DATE(2024, 9, 1)
                )
              )
              AND (
                "t2"."first_day" >= (
                  MAKE_DATE(2024, 9, 1) - INTERVAL '90' DAY
                )
              )
              AND (
                "t2"."second_day" <= MAKE_DATE(2024, 9, 30)
              ),
              FALSE
            )) AS "second_purchases__compare",
          COUNT("t2"."customer_key") FILTER(WHERE
            COALESCE(
              (
                "t2"."first_day" < MAKE_DATE(2024, 9, 1)
              )
              AND (
                (
                  "t2"."second_day" IS NULL
                )
                OR (
                  "t2"."second_day" >= MAKE_DATE(2024, 9, 1)
                )
              )
              AND (
                "t2"."first_day" >= (
                  MAKE_DATE(2024, 9, 1) - INTERVAL '90' DAY
                )
              ),
              FALSE
            )) AS "single_buyers__compare"
        FROM (
          SELECT
            *
          FROM "customer_facts" AS "t0"
          WHERE
            COALESCE(
              (
                "t0"."first_day" < MAKE_DATE(2024, 9, 1)
              )
              AND (
                (
                  "t0"."second_day" IS NULL
                )
                OR (
                  "t0"."second_day" >= MAKE_DATE(2024, 9, 1)
                )
              )
              AND (
                "t0"."first_day" >= (
                  MAKE_DATE(2024, 9, 1) - INTERVAL '90' DAY
                )
              )
              AND (
                "t0"."second_day" <= MAKE_DATE(2024, 9, 30)
              ),
              FALSE
            )
            OR COALESCE(
              (
                "t0"."first_day" < MAKE_DATE(2024, 9, 1)
              )
              AND (
                (
                  "t0"."second_day" IS NULL
                )
                OR (
                  "t0"."second_day" >= MAKE_DATE(2024, 9, 1)
                )
              )
              AND (
                "t0"."first_day" >= (
                  MAKE_DATE(2024, 9, 1) - INTERVAL '90' DAY
                )
              ),
              FALSE
            )
        ) AS "t2"
        GROUP BY
          1
      ) AS "t4"
    ) AS "t6"
  ) AS "t7"
  GROUP BY
    1
) AS "t8"
ORDER BY
  (
    CAST("t8"."second_purchases" AS DOUBLE) * 1
  ) / NULLIF(CAST("t8"."single_buyers" AS DOUBLE) * 1, 0) DESC,
  "t8"."country" ASC
