{#
    The sums of a county mart for every division above it and for the county itself, at every report date of the province.
    mart: a relation with report_date, county_code and the columns of `key`; sums: the columns that are added up, of one type.
#}
{% macro in_division(mart, key, sums, type='bigint') -%}
    divisions as (

        select
            report_date,
            division_code,
            count(*) as counties_total,
            count(county_report_date) as counties_reporting,
            min(oldest_reported_on) as oldest_reported_on
        from {{ ref('int_division_as_of') }}
        group by report_date, division_code

    ),

    sums as (

        select
            as_of.report_date,
            as_of.division_code,
            as_of.level,
            {%- for column in key %}
            mart.{{ column }},
            {%- endfor %}
            {%- for column in sums %}
            cast(sum(mart.{{ column }}) as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ ref('int_division_as_of') }} as as_of
        inner join {{ mart }} as mart
            on
                as_of.county_code = mart.county_code
                and as_of.county_report_date = mart.report_date
        group by as_of.report_date, as_of.division_code, as_of.level, mart.{{ key | join(', mart.') }}

    ),

    together as (

        select
            sums.*,
            divisions.counties_total,
            divisions.counties_reporting,
            divisions.oldest_reported_on
        from sums
        inner join divisions
            on
                sums.report_date = divisions.report_date
                and sums.division_code = divisions.division_code

    )
{%- endmacro %}
