{#
    A post, or several, as 县水务局局长、副县长 are; null where a cell reads otherwise: columns headed 挂点领导 often hold
    the name of the person, which nobody is shown.
#}
{% macro post(column) -%}
    {%- set unit = '[一-龥]*(?:县|市|区|镇|乡|道|委|局|办|府|会|站|所|心|司|协|组|部|院|队|厂|社|科|处|室|班|村)' -%}
    {%- set head = '(?:县|市|区|镇|乡|局|组|部|站|所|科|处|院|队|厂|会|秘书|董事|校|村|班|室|社)长' -%}
    {%- set title = '书记|主任|主席|委员|常委|经理|调研员|科员|专员|干部|指导员|总工程师' -%}
    {%- set level = '(?:第一|常务|党组|党委|党总支|党支部|[一二三四]级|高级|分管)*副?' -%}
    {%- set one = '(?:' ~ unit ~ ')?' ~ level ~ '(?:' ~ head ~ '|' ~ title ~ ')' -%}
    case when {{ matches(column, '^' ~ one ~ '(?:[、，,；;/ 　兼]+' ~ one ~ ')*$') }} then {{ column }} end
{%- endmacro %}
