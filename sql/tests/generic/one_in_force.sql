{# Of the rows that the columns name alike, empty or not, no two are in force on one day. #}
{% test one_in_force(model, columns) %}
select
    {{ columns | join(', ') }},
    valid_from,
    valid_to
from {{ model }}
qualify
    valid_from <= lag(coalesce(valid_to, cast('9999-12-31' as date))) over (
        partition by {{ columns | join(', ') }}
        order by valid_from
    )
    or valid_to < valid_from
{% endtest %}
