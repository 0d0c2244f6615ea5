SELECT
  *
FROM (
  SELECT
    "t4"."category",
    "t4"."product_id",
    "t4"."revenue",
    "t4"."revenue__parent",
    COUNT(*) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "row_count",
    SUM("t4"."revenue") OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "revenue__in_all"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t2"."category",
        "t2"."product_id",
        "t2"."revenue",
        SUM("t2"."revenue") OVER (
          PARTITION BY "t2"."category"
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "revenue__parent"
      FROM (
        SELECT
          "t1"."category",
          "t1"."product_id",
          SUM("t1"."revenue") AS "revenue"
        FROM (
          SELECT
            *
          FROM "sales" AS "t0"
          WHERE
            "t0"."revenue" <> 0
            AND "t0"."day" >= MAKE_DATE(2023, 1, 10)
            AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
        ) AS "t1"
        GROUP BY
          1,
          2
      ) AS "t2"
    ) AS "t3"
    WHERE
      COALESCE(NOT (
        ARRAY_CONTAINS(CAST(['A'] AS TEXT[]), "t3"."product_id")
      ), TRUE)
  ) AS "t4"
) AS "t5"
ORDER BY
  (
    CAST("t5"."revenue" AS DOUBLE) * 1
  ) / NULLIF(CAST("t5"."revenue__parent" AS DOUBLE) * 1, 0) DESC,
  "t5"."category" ASC,
  "t5"."product_id" ASC
LIMIT 3
