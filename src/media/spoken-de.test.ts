import { asHeard, heard, spokenTable } from '../../test/support/spoken-words';

const TABLE = spokenTable(`
0 | null
1 | eins
2 | zwei
7 | sieben
10 | zehn
11 | elf
12 | zwölf
16 | sechzehn
17 | siebzehn
20 | zwanzig
21 | einundzwanzig
22 | zweiundzwanzig
30 | dreißig
31 | einunddreißig
70 | siebzig
71 | einundsiebzig
80 | achtzig
81 | einundachtzig
90 | neunzig
91 | einundneunzig
99 | neunundneunzig
100 | einhundert
101 | einhunderteins
110 | einhundertzehn
121 | einhunderteinundzwanzig
200 | zweihundert
201 | zweihunderteins
999 | neunhundertneunundneunzig
1000 | eintausend
1001 | eintausendeins
1100 | eintausendeinhundert
1234 | eintausendzweihundertvierunddreißig
2000 | zweitausend
2026 | zweitausendsechsundzwanzig
10000 | zehntausend
21000 | einundzwanzigtausend
100000 | einhunderttausend
101000 | einhunderteintausend
101101 | einhunderteintausendeinhunderteins
1000000 | eine Million
1000001 | eine Million eins
2000000 | zwei Millionen
21000000 | einundzwanzig Millionen
101000000 | einhunderteins Millionen
999999999 | neunhundertneunundneunzig Millionen neunhundertneunundneunzigtausendneunhundertneunundneunzig
-7 | minus sieben
0 EUR | null Euro
0.01 EUR | ein Cent
0.10 EUR | zehn Cent
1.00 EUR | ein Euro
1.01 EUR | ein Euro und ein Cent
2.00 EUR | zwei Euro
2.50 EUR | zwei Euro und fünfzig Cent
11.11 EUR | elf Euro und elf Cent
21.21 EUR | einundzwanzig Euro und einundzwanzig Cent
100.00 EUR | einhundert Euro
101.00 EUR | einhundertein Euro
1234.56 EUR | eintausendzweihundertvierunddreißig Euro und sechsundfünfzig Cent
-5.25 EUR | minus fünf Euro und fünfundzwanzig Cent
1000000 EUR | eine Million Euro
1.01 USD | ein Dollar und ein Cent
1.01 GBP | ein Pfund und ein Penny
21.02 GBP | einundzwanzig Pfund und zwei Pence
2.05 CHF | zwei Schweizer Franken und fünf Rappen
2500 JPY | zweitausendfünfhundert Yen
1.001 KWD | ein kuwaitischer Dinar und ein Fils
2.250 TND | zwei tunesische Dinar und zweihundertfünfzig Millimes
12.50 SEK | zwölf Komma fünf null S E K
21 SEK | einundzwanzig S E K
1 SEK | eins S E K
-0.009999 EUR | null Euro
1.999999 EUR | ein Euro und neunundneunzig Cent
2026-01-01 | der erste Januar zweitausendsechsundzwanzig
2026-03-21 | der einundzwanzigste März zweitausendsechsundzwanzig
2001-10-30 | der dreißigste Oktober zweitausendeins
`);

describe('numbers, amounts and dates in German', () => {
  it.each(TABLE)('says %s as "%s"', (what, words) => {
    expect(heard('de', what)).toBe(asHeard('de', words));
  });
});
