SELECT
  *
FROM (
  SELECT
    "t2"."product",
    "t2"."revenue",
    "t2"."revenue_with_cost",
    "t2"."cost_of_goods_sold",
    COUNT(*) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "row_count",
    SUM("t2"."revenue") OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "revenue__in_all",
    SUM("t2"."revenue_with_cost") OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "revenue_with_cost__in_all",
    SUM("t2"."cost_of_goods_sold") OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "cost_of_goods_sold__in_all"
  FROM (
    SELECT
      "t1"."product_name" AS "product",
      SUM("t1"."revenue") AS "revenue",
      SUM("t1"."revenue_with_cost") AS "revenue_with_cost",
      SUM("t1"."cost") AS "cost_of_goods_sold"
    FROM (
      SELECT
        *
      FROM "sales" AS "t0"
      WHERE
        "t0"."category" IN ('Lamps', 'Chairs')
        AND "t0"."brand" IS NULL
        AND "t0"."hour" >= 18
        AND (
          (
            "t0"."revenue" <> 0
          )
          OR (
            "t0"."revenue_with_cost" <> 0
          )
          OR (
            "t0"."cost" IS NOT NULL
          )
        )
        AND "t0"."day" >= MAKE_DATE(2023, 1, 10)
        AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
    ) AS "t1"
    GROUP BY
      1
  ) AS "t2"
) AS "t3"
ORDER BY
  (
    COALESCE(CAST("t3"."revenue_with_cost" AS DOUBLE) * 1, 0) + (
      CAST("t3"."cost_of_goods_sold" AS DOUBLE) * -1
    )
  ) / NULLIF(CAST("t3"."revenue_with_cost" AS DOUBLE) * 1, 0) DESC,
  "t3"."product" ASC
LIMIT 10
