{#
    A model that is kept from build to build, by county and report date. Only those dates are built anew at which something
    of the forms it reads has changed, as int_report_date_version tells; dates that are gone are removed.

    A model says so in its first line, with the forms it reads, and takes its dates from `due(…)` of a relation with
    county_code and report_date, or from rows_as_of, which does. One that compares a report with earlier ones says
    `by_then`: a change at an earlier date is one of its date too; it reads `of_due_counties(…)`, whose dates stand
    whole, and keeps what is due of its result. Beside it a table <model>__built tells from what each date
    was built, and when. It changes in the same transaction as the model: a build that is killed leaves both as they were.
    Other code, another seed or variable changes no fingerprint: flows/transform.py gives --full-refresh then. On Spark,
    whose tables here are Parquet, nothing is kept: every build is a full one.
#}
{% macro by_report_date(forms, by_then=false) -%}
    {#- known while parsing, so that they are built before; unit tests do without -#}
    {%- if not execute %}{% do ref('int_report_date_version') %}{% do ref('int_submission_part') %}{% endif -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        meta={'forms_read': forms, 'by_then': by_then},
        pre_hook='{{ remove_due() }}',
        post_hook='{{ record_built() }}',
    ) }}
{%- endmacro %}

{# A relation with county_code and report_date; in a model that is kept, its rows of the dates to be built anew. #}
{% macro due(relation) -%}
    {%- if this and is_incremental() -%} {#- a unit test builds no table -#}
        (
            select * from {{ relation }}
            where (county_code, report_date) not in ({{ unchanged_dates() }})
        )
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{# A relation with county_code; in a model that is kept, its rows of the counties that reported at a date to be built anew. #}
{% macro of_due_counties(relation) -%}
    {%- if this and is_incremental() -%}
        (
            select * from {{ relation }}
            where
                county_code in (
                    select county_code from {{ ref('int_submission_part') }}
                    where
                        is_current
                        and form in ('{{ model.config.meta.forms_read | join("', '") }}')
                        and (county_code, report_date) not in ({{ unchanged_dates() }})
                )
        )
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{# The dates that stand as they were built. #}
{% macro unchanged_dates() -%}
    select
        versions.county_code,
        versions.report_date
    from ({{ report_date_versions() }}) as versions
    {%- set built = built_relation() %}
    {%- if load_cached_relation(built) %}
    inner join {{ built }} as built
        on
            versions.county_code = built.county_code
            and versions.report_date = built.report_date
            and versions.fingerprint = built.fingerprint
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}

{# The fingerprint of each date in the forms that a model reads; where it says by_then, of all dates until then. #}
{% macro report_date_versions() -%}
    select
        dates.county_code,
        dates.report_date,
        md5({{ dbt.listagg("said.form || said.fingerprint", "''", "order by said.form, said.report_date") }}) as fingerprint
    from (select distinct county_code, report_date from {{ ref('int_report_date_version') }}) as dates
    inner join {{ ref('int_report_date_version') }} as said
        on
            dates.county_code = said.county_code
            and dates.report_date {{ '>=' if model.config.meta.by_then else '=' }} said.report_date
    where said.form in ('{{ model.config.meta.forms_read | join("', '") }}')
    group by dates.county_code, dates.report_date
{%- endmacro %}

{% macro built_relation() -%}
    {{ return(api.Relation.create(
        database=this.database, schema='intermediate', identifier=this.identifier ~ '__built', type='table'
    )) }}
{%- endmacro %}

{# Before a model is built: what it will build anew, and what is gone, leaves it. #}
{% macro remove_due() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as kept
        where
            not exists (
                select 1 from ({{ unchanged_dates() }}) as unchanged
                where unchanged.county_code = kept.county_code and unchanged.report_date = kept.report_date
            )
    {%- endif -%}
{%- endmacro %}

{# After it is built: every date stands with its fingerprint; a date that was kept was built when it was. #}
{% macro record_built() -%}
    {{ return(adapter.dispatch('record_built')()) }}
{%- endmacro %}

{% macro default__record_built() -%}
    {%- set built = built_relation() -%}
    {%- set is_kept = is_incremental() and load_cached_relation(built) -%}
    create or replace table {{ built }} as
    select
        versions.*,
        {{ 'coalesce(built.built_at, ' if is_kept }}{{ dbt.current_timestamp() }}{{ ')' if is_kept }} as built_at
    from ({{ report_date_versions() }}) as versions
    {%- if is_kept %}
    left join {{ built }} as built
        on
            versions.county_code = built.county_code
            and versions.report_date = built.report_date
            and versions.fingerprint = built.fingerprint
    {%- endif %}
{%- endmacro %}

{% macro spark__record_built() %}{% endmacro %}
